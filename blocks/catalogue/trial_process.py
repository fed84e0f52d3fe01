"""The clean process of a trial: started apart from whoever registers, it knows nothing of the models it is handed.

It reads one order a line on its input, `{"folder", "golden", "answer"}`, and forks before it touches the model, so each
trial begins in a process that has imported public libraries and nothing else. It ends with its input, or after a quiet
minute.
"""

from __future__ import annotations

import importlib
import json
import os
import select
import sys
from pathlib import Path

QUIET_S = 60.0
NEEDED_BY_MOST = ("mlflow.pyfunc", "mlflow.sklearn", "pandas", "skops.io", "sklearn.ensemble", "sklearn.linear_model")


def ask(folder: Path, golden: Path) -> dict[str, object]:
    """Load a model and ask its golden rows twice; return `first` and `again`, or `error` with where it stopped."""
    import mlflow.pyfunc
    from threadpoolctl import threadpool_limits

    from blocks.catalogue.golden import golden_from_text, last_column

    threadpool_limits(1)

    rows = golden_from_text(golden.read_text(encoding="utf-8"))
    try:
        model = mlflow.pyfunc.load_model(str(folder))
    except BaseException as error:  # noqa: BLE001  a model's own code runs here and may raise anything
        return {"stopped": "load", "error": f"{type(error).__name__}: {error}"[:1000]}
    try:
        inputs = rows.inputs(model.metadata)
        first, again = (last_column(model.predict(inputs)).tolist() for _ in range(2))
    except BaseException as error:  # noqa: BLE001  as above
        return {"stopped": "predict", "error": f"{type(error).__name__}: {error}"[:1000]}
    return {"first": first, "again": again}


def serve() -> None:
    """Take orders until the input ends."""
    for name in NEEDED_BY_MOST:
        importlib.import_module(name)
    while select.select([sys.stdin], [], [], QUIET_S)[0]:
        line = sys.stdin.readline()
        if not line:
            return
        order = json.loads(line)
        child = os.fork()
        if child == 0:
            _answer(order)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        print(status, flush=True)  # noqa: T201  the answer to whoever started this process


def _answer(order: dict[str, str]) -> None:
    """Answer one order and end; what the model prints goes nowhere."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    try:
        text = json.dumps(ask(Path(order["folder"]), Path(order["golden"])))
        Path(order["answer"]).write_text(text, encoding="utf-8")
    finally:
        os._exit(0)


if __name__ == "__main__":
    serve()
