"""One loaded version: arrays in, one probability a row out, whatever runs inside."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from math import isnan
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from blocks.catalogue.twin_session import PLACE as TWIN
from blocks.catalogue.twin_session import open_twin
from blocks.errors import Refused
from blocks.serving.batch import Batch
from blocks.serving.golden import must_give_its_golden_scores
from blocks.serving.schema import Schema, schema_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from mlflow.models import Model
    from numpy.typing import NDArray

    Features = NDArray[np.float64] | Mapping[str, NDArray[np.generic]]
    Runner = Callable[[Features], object]

LOG = logging.getLogger(__name__)
QUICK_MS = 5.0
SLOW_CALL_S = 0.05
SLOW_CALLS = 3
QUICK_CALLS = 100
EXAMPLE_ROWS = 8
SAME = 1e-12
NARROW = {"integer": "int32", "long": "int64", "float": "float32"}
"""Types of a signature's columns that MLflow will not make of a double by itself."""
ZEROS: dict[str, object] = {"number": 0.0, "integer": 0, "text": "", "flag": False, "other": None}


class ImpossibleOutput(Exception):
    """A version answered with something that is no probability for every row."""


@dataclass(slots=True, eq=False)
class ModelHandle:
    """A version that is loaded and warmed.

    `is_quick` says whether a call may run on the event loop: a version that turns slow loses it, and wins it back.
    """

    version: str
    schema: Schema
    runtime: str
    run: Runner
    is_quick: bool = True
    _streak: int = 0

    def predict(self, features: Features, rows: int) -> NDArray[np.float64]:
        """Return shape (rows,): the probability of class 1; raises ImpossibleOutput and whatever the model raises."""
        if rows == 0:
            return np.empty(0)
        return probabilities(self.run(features), rows)

    def note_time(self, seconds: float) -> None:
        """Count calls in a row that speak against where calls run now: few that block the loop, many that need not."""
        is_against = seconds > SLOW_CALL_S if self.is_quick else seconds * 1e3 < QUICK_MS
        self._streak = self._streak + 1 if is_against else 0
        if self._streak >= (SLOW_CALLS if self.is_quick else QUICK_CALLS):
            self.is_quick, self._streak = not self.is_quick, 0


def probabilities(raw: object, rows: int) -> NDArray[np.float64]:
    """Return the last column of what a model gave, checked.

    >>> probabilities(np.array([[0.75, 0.25]]), 1)
    array([0.25])
    """
    try:
        values = np.asarray(raw, dtype=np.float64)
    except (TypeError, ValueError) as wrong:
        raise ImpossibleOutput(f"the output is no array of numbers but {type(raw).__name__}") from wrong
    if values.ndim == 2:
        values = values[:, -1]
    if values.shape != (rows,):
        raise ImpossibleOutput(f"the output has the shape {values.shape} for {rows} rows")
    low, high = values.min(), values.max()
    if not (low >= 0.0 and high <= 1.0):  # NaN fails both
        raise ImpossibleOutput(f"the output reaches from {low:g} to {high:g}, outside [0, 1]")
    return values


def open_folder(version: str, folder: Path) -> ModelHandle:
    """Return the handle of a downloaded model, warmed on its input example.

    An ONNX twin is preferred, then the scikit-learn estimator itself, then pyfunc. Raises Refused when the model has
    no signature, cannot be loaded or gives no probability for its own example.
    """
    from mlflow.models import Model

    model = Model.load(str(folder))
    schema = schema_of(model.signature)
    if not schema.columns:
        raise Refused(f"Version {version} has no signature.", "Log it with mlflow.models.infer_signature.")
    probe = _example(model, folder, schema)
    try:
        runtime, run = _runner(model, folder, schema, probe)
        handle = ModelHandle(version, schema, runtime, run)
        _warm(handle, probe, is_own=model.saved_input_example_info is not None)
        must_give_its_golden_scores(folder, schema, handle.predict)
    except Exception as broken:  # a model is foreign code and may raise anything
        raise Refused(
            f"Version {version} cannot be loaded and asked: {type(broken).__name__}: {str(broken)[:300]}."
        ) from broken
    return handle


def _warm(handle: ModelHandle, probe: Batch, *, is_own: bool) -> None:
    features = handle.schema.features(probe)
    try:
        handle.predict(features, len(probe))
    except Exception as broken:  # a model is foreign code and may raise anything
        if is_own:
            raise
        LOG.warning("version %s does not answer zeros and has no input example: %s", handle.version, broken)
        return
    start = time.perf_counter()
    handle.predict(features, len(probe))
    handle.is_quick = (time.perf_counter() - start) * 1e3 < QUICK_MS


def _runner(model: Model, folder: Path, schema: Schema, probe: Batch) -> tuple[str, Runner]:
    twin = folder / TWIN
    if twin.exists():
        return "onnxruntime", _onnx(twin, schema)
    flavor: dict[str, Any] = model.flavors.get("python_function", {})
    if flavor.get("loader_module") == "mlflow.sklearn":
        return _sklearn(folder, str(flavor.get("predict_fn", "predict")), schema, probe)
    return "pyfunc", _pyfunc(folder, schema)


def _onnx(twin: Path, schema: Schema) -> Runner:
    session = open_twin(twin)
    if not schema.is_numeric:
        return lambda features: session.on_columns(cast("Mapping[str, NDArray[Any]]", features))
    names = [column.name for column in schema.columns]
    wanted = list(session.columns) or (names if len(session.inputs) == 1 else [])
    if wanted == names:
        return lambda features: session.on_matrix(cast("NDArray[Any]", features))
    if wanted:
        pick = [names.index(name) for name in wanted]
        return lambda features: session.on_matrix(cast("NDArray[Any]", features)[:, pick])
    return lambda features: session.on_columns(
        {name: cast("NDArray[Any]", features)[:, place] for place, name in enumerate(names)}
    )


def _sklearn(folder: Path, method: str, schema: Schema, probe: Batch) -> tuple[str, Runner]:
    """Return the estimator's own method, on the array itself if that says the same as on a frame."""
    import mlflow.sklearn

    ask = getattr(mlflow.sklearn.load_model(str(folder)), method)
    on_frame: Runner = lambda features: ask(_frame(features, schema))  # noqa: E731  the two runners side by side
    if not schema.is_numeric:
        return "sklearn on frames", on_frame
    telling = _telling_rows(schema, probe)
    try:
        same = all(_agree(ask(rows), on_frame(rows)) for rows in telling)
    except Exception:  # noqa: BLE001  a pipeline that picks columns by name raises what it likes on an array
        same = False
    return ("sklearn on arrays", ask) if same else ("sklearn on frames", on_frame)


def _agree(one: object, other: object) -> bool:
    # the two lie differently in memory, so sums may differ in their last bits
    return np.allclose(np.asarray(one, float), np.asarray(other, float), rtol=0, atol=SAME)


def _telling_rows(schema: Schema, probe: Batch) -> list[NDArray[np.float64]]:
    """Return rows on which a pipeline that takes an array's columns for others would give itself away."""
    drawn = np.random.default_rng(0).normal(size=(EXAMPLE_ROWS, len(schema.columns)))
    own = np.asarray(schema.features(probe))
    return [own, own.mean(axis=0) + drawn, *(drawn * scale for scale in (0.1, 1.0, 100.0))]


def _pyfunc(folder: Path, schema: Schema) -> Runner:
    import mlflow.pyfunc

    loaded = mlflow.pyfunc.load_model(str(folder))
    if schema.tensor:
        return lambda features: loaded.predict(cast("NDArray[Any]", features).astype(schema.tensor))
    return lambda features: loaded.predict(_frame(features, schema))


def _frame(features: Features, schema: Schema) -> object:
    import pandas as pd

    names = [column.name for column in schema.columns]
    if not isinstance(features, np.ndarray):
        frame = pd.DataFrame(dict(features), columns=names)
    else:
        frame = pd.DataFrame(features, columns=names)
    narrow = {c.name: NARROW[c.type_name] for c in schema.columns if c.type_name in NARROW and c.required}
    return frame.astype(narrow) if narrow else frame


def _example(model: Model, folder: Path, schema: Schema) -> Batch:
    """Return rows to warm up with: the first ones of the model's own example, else zeros."""
    example = model.load_input_example(str(folder)) if model.saved_input_example_info else None
    columns = tuple(column.name for column in schema.columns)
    if example is not None and len(example) and set(columns) <= set(getattr(example, "columns", ())):
        rows = example.head(EXAMPLE_ROWS)[list(columns)].to_dict(orient="split")["data"]
        return Batch(columns, [[None if _is_nan(cell) else cell for cell in row] for row in rows])
    if isinstance(example, np.ndarray) and example.ndim == 2 and example.shape[1] == len(columns):
        return Batch(columns, example[:EXAMPLE_ROWS].tolist())
    return Batch(columns, [[ZEROS[column.kind] for column in schema.columns]] * 2)  # type: ignore[misc]  # scalars all


def _is_nan(cell: object) -> bool:
    return isinstance(cell, float) and isnan(cell)
