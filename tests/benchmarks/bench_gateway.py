"""The gateway against `mlflow models serve` of the same version, and the time from a rollback to its effect.

Every duty of the gateway is on: routing, breaker, metrics, crash-safe journal. Figures are ratios of one run on one
machine; the requests come from this process, which takes its share of the processors.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from blocks.catalogue.models import Trained, log
from blocks.catalogue.registering import register
from blocks.serving.router import arm_of
from tests.benchmarks.load import Load, Outcome, run
from tests.serving.conftest import MODEL, OPERATOR, Process, Record, Registry, routes_of
from tests.serving.conftest import registry as registry  # noqa: PLC0414  a fixture is found by its name here
from tests.serving.conftest import start as start  # noqa: PLC0414  likewise

SECONDS = float(os.environ.get("GAMENIGHT_BENCH_SECONDS", "5"))
Start = Callable[..., Process]


@dataclass(frozen=True)
class Demo:
    """A registry with the demo's logistic model in three forms, and one game that all of them accept."""

    record: Record
    row: dict[str, Any]
    versions: dict[str, str]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """Register the demo's model as it is (its signature has a text column), on numbers alone, and with a twin."""
    import numpy as np
    import pandas as pd
    from mlflow import artifacts

    from tasks.nba.features import FEATURES
    from tasks.nba.models import logistic

    folder = tmp_path_factory.mktemp("demo")
    before = Path.cwd()
    os.chdir(folder)
    rng = np.random.default_rng(2)
    texts = {"status": "final"}
    frame = pd.DataFrame({n: texts[n] if n in texts else rng.normal(1500, 100, 500) for n in FEATURES})
    won = rng.random(500) < 0.5
    record = Record(f"sqlite:///{folder}/mlflow.db")
    native = _register(record, logistic().fit(frame, won), frame)
    numbers = frame.drop(columns=list(texts))
    plain = logistic().fit(numbers, won)
    without = _register(record, plain, numbers)
    twin_folder = Path(artifacts.download_artifacts(f"models:/{MODEL}/{without}", dst_path=str(folder / "twin")))
    _write_twin(twin_folder, plain)
    twin = register(record.uri, MODEL, str(twin_folder), {})
    row = {str(name): value for name, value in frame.iloc[0].items()}
    yield Demo(record, row, {"native": native, "numbers alone": without, "onnx twin": twin})
    os.chdir(before)


def _register(record: Record, pipeline: Any, frame: Any) -> str:
    from tasks.nba.training import trusted_types

    uri = log(record.uri, MODEL, Trained(pipeline, frame.head(5), "bench", trusted=trusted_types()))
    return register(record.uri, MODEL, uri, {})


@pytest.fixture
def peer(demo: Demo) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """Serve the native version with `mlflow models serve`, one worker, in this environment."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    words = [
        "models",
        "serve",
        "-m",
        f"models:/{MODEL}/{demo.versions['native']}",
        "-p",
        str(port),
        "--env-manager",
        "local",
    ]
    environment = os.environ | {
        "MLFLOW_TRACKING_URI": demo.record.uri,
        "OMP_NUM_THREADS": "1",
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    served = subprocess.Popen(
        [sys.executable, "-m", "mlflow", *words, "--workers", "1"],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    end = time.monotonic() + 120
    while not _is_up(port):
        assert served.poll() is None
        assert time.monotonic() < end
        time.sleep(0.2)
    yield port, served
    children = psutil.Process(served.pid).children(recursive=True)
    for process in [*children, psutil.Process(served.pid)]:
        process.terminate()
    psutil.wait_procs(children, 10)
    served.wait(10)


def test_requests_a_second_against_mlflow_models_serve(
    demo: Demo, peer: tuple[int, subprocess.Popen[bytes]], start: Start, capsys: pytest.CaptureFixture[str]
) -> None:
    row = demo.row
    body = json.dumps({"dataframe_split": {"columns": list(row), "data": [list(row.values())]}}).encode()
    port, served = peer
    theirs = _measure("mlflow models serve", Load("127.0.0.1", port, "/invocations", body), served.pid, capsys)
    process = start(tracking_uri=demo.record.uri)
    process.is_listening()
    load = Load("127.0.0.1", int(process.client.base_url.port or 0), "/invocations", body)
    ratios = {}
    for name, version in demo.versions.items():
        process.serve(routes_of(version))
        runtime = process.client.get("/health").json()["versions"][version]["runtime"]
        ratios[name] = _measure(f"gateway, {name} ({runtime})", load, process.popen.pid, capsys).rate / theirs.rate
    with capsys.disabled():
        print("\n".join(f"  {name}: {ratio:.1f} x mlflow models serve" for name, ratio in ratios.items()))
    assert runtime == "onnxruntime"
    assert min(ratios.values()) > 1


@pytest.mark.parametrize("poked", [True, False])
def test_a_rollback_is_served_within_a_second(
    start: Start, registry: Registry, tmp_path: Path, capsys: pytest.CaptureFixture[str], poked: bool
) -> None:
    shutil.copy(registry.uri.removeprefix("sqlite:///"), tmp_path / "mlflow.db")
    record = Record(f"sqlite:///{tmp_path}/mlflow.db")
    champion, challenger = registry.versions["plain"], registry.versions["with_status"]
    canary, back = routes_of(champion, challenger, 50), routes_of(champion)
    key = next(key for n in range(99) if arm_of(canary, key := f"g-{n}")["version"] == challenger)
    process = start(tracking_uri=record.uri)
    record.append(canary)
    process.is_ready()
    seconds = []
    for number in range(100):
        if number:
            record.append(canary)
        _until(process.client, key, challenger)
        time.sleep(0.007 * (number % 71))  # the phase of the poll is not to be ours
        begun = time.perf_counter()
        record.append(back)
        if poked:
            process.client.put("/routes", headers=OPERATOR)
        _until(process.client, key, champion)
        seconds.append(time.perf_counter() - begun)
    p50, p99 = statistics.median(seconds), sorted(seconds)[98]
    with capsys.disabled():
        print(
            f"\n  rollback event -> first request served by the champion, {'poked' if poked else 'poll alone'}: "
            f"p50 {p50:.3f} s, p99 {p99:.3f} s, most {max(seconds):.3f} s of 100"
        )
    assert p99 < 1.0


def _until(client: httpx.Client, key: str, version: str) -> None:
    row = {"home_elo": 1560.0, "away_elo": 1440.0, "home_rest": 2.0, "away_rest": 1.0, "neutral": 0.0}
    body = {"dataframe_records": [{**row, "status": "final"}]}
    end = time.monotonic() + 20
    while True:
        answer = client.post("/invocations", json=body, headers={"x-routing-key": key})
        if answer.headers.get("x-model-version") == version:
            return
        assert time.monotonic() < end, answer.text
        time.sleep(0.002)


def _measure(name: str, load: Load, pid: int, capsys: pytest.CaptureFixture[str]) -> Outcome:
    run(load, 4, 0.5)
    results = []
    for connections in (1, 16, 64):
        before = _cpu(pid)
        outcome = run(load, connections, SECONDS)
        cpu_us = 1e6 * (_cpu(pid) - before) / len(outcome.latencies)
        assert outcome.failures == 0
        results.append((connections, outcome, cpu_us))
    with capsys.disabled():
        print(f"\n  {name}")
        for connections, outcome, cpu_us in results:
            print(
                f"    {connections:3d} connections: {outcome.rate:8.0f} requests/s, {cpu_us:6.0f} us CPU a request, "
                f"p50 {outcome.percentile_ms(50):.2f} ms, p99 {outcome.percentile_ms(99):.2f} ms"
            )
    return results[1][1]


def _cpu(pid: int) -> float:
    processes = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    return sum(sum(process.cpu_times()[:2]) for process in processes)


def _write_twin(folder: Path, pipeline: Any) -> None:
    """Write the logistic pipeline into its model folder as one matrix product and a sigmoid, in doubles."""
    import numpy as np
    from onnx import TensorProto, helper

    first, scale, last = (pipeline[name] for name in ("differences", "scale", "logistic"))
    weights = first.matrix @ (last.coef_[0] / scale.scale_)[:, None]
    bias = last.intercept_ - (last.coef_[0] / scale.scale_) @ scale.mean_
    nodes = [
        helper.make_node("MatMul", ["rows", "W"], ["x"]),
        helper.make_node("Add", ["x", "b"], ["z"]),
        helper.make_node("Sigmoid", ["z"], ["p"]),
    ]
    graph = helper.make_graph(
        nodes,
        "twin",
        [helper.make_tensor_value_info("rows", TensorProto.DOUBLE, [None, len(weights)])],
        [helper.make_tensor_value_info("p", TensorProto.DOUBLE, [None, 1])],
        [helper.make_tensor(n, TensorProto.DOUBLE, v.shape, np.ravel(v)) for n, v in (("W", weights), ("b", bias))],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    (folder / "twin").mkdir()
    (folder / "twin" / "model.onnx").write_bytes(model.SerializeToString())


def _is_up(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/ping").status_code == 200
    except httpx.TransportError:
        return False
