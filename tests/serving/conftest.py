"""A real registry in a temporary folder, and real gateway processes in front of it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "night-shift"
MODEL = "nba-win"
COLUMNS = ["home_elo", "away_elo", "home_rest", "away_rest", "neutral"]
OPERATOR = {"authorization": f"Bearer {TOKEN}"}


def routes_of(
    champion: str, challenger: str | None = None, weight: float = 0, fallback: str | None = None
) -> dict[str, Any]:
    """Return routes as the rollout log writes them."""
    arms = [{"version": challenger, "role": "challenger", "weight": weight}] if challenger else []
    arms.append({"version": champion, "role": "champion", "weight": 100 - weight})
    return {"salt": "night", "arms": arms, "fallback": fallback}


def game(**changed: object) -> dict[str, Any]:
    """Return one row that every version of the registry accepts."""
    row = {"home_elo": 1560.0, "away_elo": 1440.0, "home_rest": 2.0, "away_rest": 1.0, "neutral": 0.0}
    return {"game_id": "g-1", "status": "scheduled", **row, **changed}


@dataclass(frozen=True)
class Registry:
    """A tracking store and what is registered in it."""

    uri: str
    probability: Callable[[dict[str, Any]], float]
    versions: dict[str, str] = field(default_factory=dict)


@pytest.fixture(scope="session")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    """Register plain (1), with_status (2: reads the text column), faulty (3: breaks on request), unsigned (4)."""
    import mlflow
    import pandas as pd

    folder = tmp_path_factory.mktemp("registry")
    uri = f"sqlite:///{folder}/mlflow.db"
    before, registry_before = mlflow.get_tracking_uri(), mlflow.get_registry_uri()
    mlflow.set_tracking_uri(uri)
    mlflow.set_registry_uri(uri)  # a process knows one registry at a time, and another test may have named its own
    mlflow.create_experiment("models", artifact_location=(folder / "artifacts").as_uri())
    mlflow.set_experiment("models")
    frame, plain, with_status = _fitted()
    versions = {
        "plain": _log(plain, frame[COLUMNS]),
        "with_status": _log(with_status, frame),
        "faulty": _log_faulty(frame[COLUMNS]),
        "unsigned": _log(plain, None),
    }
    mlflow.set_tracking_uri(before)
    mlflow.set_registry_uri(registry_before)

    def probability(row: dict[str, Any]) -> float:
        return float(plain.predict_proba(pd.DataFrame([row])[COLUMNS])[0, 1])

    return Registry(uri, probability, versions)


def _fitted() -> tuple[Any, Any, Any]:
    """Return games with a text column, a pipeline on their numbers, and one that reads the text too."""
    import numpy as np
    import pandas as pd
    from sklearn.compose import make_column_transformer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    rng = np.random.default_rng(1)
    elo, rest = rng.normal(1500, 100, (400, 2)), rng.integers(0, 4, (400, 2)) * 1.0
    neutral = (rng.random(400) < 0.1) * 1.0
    frame = pd.DataFrame(np.column_stack([elo, rest, neutral]), columns=COLUMNS)
    won = rng.random(400) < 1 / (1 + 10 ** ((elo[:, 1] - elo[:, 0] - 60) / 400))
    frame["status"] = np.where(rng.random(400) < 0.5, "final", "scheduled")
    plain = make_pipeline(StandardScaler(), LogisticRegression()).fit(frame[COLUMNS], won)
    reader = make_column_transformer((OneHotEncoder(), ["status"]), (StandardScaler(), COLUMNS))
    return frame, plain, make_pipeline(reader, LogisticRegression()).fit(frame, won)


def _log(model: Any, example: Any) -> str:
    import mlflow

    logged = mlflow.sklearn.log_model(
        model,
        name="model",
        serialization_format="skops",
        pyfunc_predict_fn="predict_proba",
        signature=None if example is None else mlflow.models.infer_signature(example, model.predict_proba(example)),
        registered_model_name=MODEL,
        pip_requirements=["scikit-learn"],
    )
    return str(logged.registered_model_version)


def _log_faulty(example: Any) -> str:
    import mlflow

    logged = mlflow.pyfunc.log_model(
        name="model",
        python_model=str(Path(__file__).with_name("faulty_model.py")),
        signature=mlflow.models.infer_signature(example),
        registered_model_name=MODEL,
        pip_requirements=["scikit-learn"],
    )
    return str(logged.registered_model_version)


@dataclass
class Record:
    """The rollout log of a registry of its own."""

    uri: str
    n: int = 0
    run_id: str = ""

    def append(self, routes: dict[str, Any]) -> None:
        """Append an event that puts routes in force."""
        from blocks.log.rollouts import RolloutLog

        log = RolloutLog(self.uri)
        if not self.run_id:
            self.run_id = log.prepare(MODEL, "key", "rollout")
            log.plan(self.run_id, "{}", None, "1")
            log.claim(MODEL, 1, self.run_id)
        self.n += 1
        log.append(self.run_id, self.n, json.dumps({"n": self.n, "stage": "CANARY", "routes": routes}))


@pytest.fixture
def record(registry: Registry, tmp_path: Path) -> Record:
    """Return an empty log beside a copy of the registry."""
    shutil.copy(registry.uri.removeprefix("sqlite:///"), tmp_path / "mlflow.db")
    return Record(f"sqlite:///{tmp_path}/mlflow.db")


@dataclass
class Process:
    """A gateway in a process of its own."""

    popen: subprocess.Popen[bytes]
    client: httpx.Client
    home: Path

    def put_routes(self, routes: dict[str, Any]) -> httpx.Response:
        """Give it routes as the flows do."""
        return self.client.put("/routes", json={"model": MODEL, **routes}, headers=OPERATOR)

    def wait_until(self, claim: Callable[[httpx.Response], bool], path: str = "/health", patience_s: float = 60) -> Any:
        """Ask until the claim holds, and return that answer's JSON."""
        end = time.monotonic() + patience_s
        while time.monotonic() < end:
            assert self.popen.poll() is None, (self.home / "log").read_text()[-2000:]
            try:
                answer = self.client.get(path)
                if claim(answer):
                    return answer.json()
            except httpx.TransportError:
                pass
            time.sleep(0.05)
        raise AssertionError((self.home / "log").read_text()[-2000:])

    def serve(self, routes: dict[str, Any]) -> None:
        """Put routes in force and wait until every version of them is loaded."""
        self.put_routes(routes)
        wanted = {arm["version"] for arm in routes["arms"]}
        self.wait_until(lambda answer: set(answer.json().get("loaded", [])) == wanted, "/routes")

    def is_listening(self) -> Any:
        """Wait for the first answer of any kind."""
        return self.wait_until(lambda answer: True)

    def is_ready(self) -> Any:
        """Wait for readiness."""
        return self.wait_until(lambda answer: answer.status_code == 200)

    def stop(self, by: int = signal.SIGTERM) -> int:
        """Stop it and return its exit status."""
        if self.popen.poll() is None:
            self.popen.send_signal(by)
        return self.popen.wait(20)


@pytest.fixture
def start(tmp_path: Path, registry: Registry) -> Iterator[Callable[..., Process]]:
    """Return a function that starts a gateway; whatever is left of it is killed afterwards."""
    yield from _starting(tmp_path / "gateway", registry.uri)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, registry: Registry) -> Iterator[Process]:
    """Return one gateway for the tests of a file; each puts the routes that it needs."""
    for begin in _starting(tmp_path_factory.mktemp("shared"), registry.uri):
        process = begin()
        process.is_listening()
        yield process


def _starting(home: Path, registry_uri: str) -> Iterator[Callable[..., Process]]:
    started: list[Process] = []

    def begin(folder: Path = home, tracking_uri: str = registry_uri, **flags: object) -> Process:
        folder.mkdir(parents=True, exist_ok=True)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        given = {"model": MODEL, "tracking_uri": tracking_uri, "spool": folder / "spool", "cache": folder / "cache"}
        words = [w for k, v in (given | {"port": port} | flags).items() for w in (f"--{k.replace('_', '-')}", str(v))]
        with (folder / "log").open("ab") as log:
            popen = subprocess.Popen(
                [sys.executable, "-m", "blocks.serving", *words],
                cwd=ROOT,
                env=os.environ | {"GAMENIGHT_TOKEN": TOKEN},
                stderr=log,
            )
        process = Process(popen, httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=20), folder)
        started.append(process)
        return process

    yield begin
    for process in started:
        process.client.close()
        if process.popen.poll() is None:
            process.popen.kill()
            process.popen.wait()
