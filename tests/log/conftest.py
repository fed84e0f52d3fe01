"""An empty record for each test."""

from __future__ import annotations

from pathlib import Path

import pytest

from blocks.log.rollouts import RolloutLog


@pytest.fixture(scope="session")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an MLflow database in which nothing stands."""
    from blocks.log.client import client

    path = tmp_path_factory.mktemp("log") / "mlflow.db"
    client(f"sqlite:///{path}").search_experiments()
    return path


@pytest.fixture
def log(tables: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RolloutLog:
    """Return the log on a copy of it; what MLflow writes beside its database lands in the test's folder."""
    (tmp_path / "mlflow.db").write_bytes(tables.read_bytes())
    monkeypatch.chdir(tmp_path)
    return RolloutLog(f"sqlite:///{tmp_path / 'mlflow.db'}")
