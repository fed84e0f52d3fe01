"""A record of its own for each module, models of several kinds to register in it, and what stands there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

COLUMNS = ["home_elo", "away_elo", "rest"]
MODEL = "nba-win"


def games(rows: int = 400, seed: int = 3) -> pd.DataFrame:
    """Return rows in a model's own columns, and `won`."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(rng.normal([1500.0, 1500.0, 1.0], [80.0, 80.0, 0.7], size=(rows, 3)), columns=COLUMNS)
    p = 1 / (1 + np.exp(-(frame["home_elo"] - frame["away_elo"]) / 170))
    return frame.assign(won=(rng.random(rows) < p).astype(int))


def logistic(seed: int = 3, **settings: object) -> Any:
    """Return a fitted pipeline."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    frame = games(seed=seed)
    return make_pipeline(StandardScaler(), LogisticRegression(**settings)).fit(frame[COLUMNS], frame["won"])


def saved(estimator: Any, folder: Path, **said: Any) -> Path:
    """Save a scikit-learn estimator as a model folder with signature and example."""
    import mlflow

    rows = games(60)[COLUMNS]
    told = {"signature": mlflow.models.infer_signature(rows, [0.5]), "input_example": rows}
    fixed = {"pyfunc_predict_fn": "predict_proba", "serialization_format": "skops", "pip_requirements": []}
    mlflow.sklearn.save_model(estimator, folder, **{**fixed, **told, **said})
    return folder


@dataclass(frozen=True)
class Record:
    """A tracking store, and everything that could be left behind in it."""

    uri: str
    folder: Path

    def left(self) -> tuple[list[str], int, list[str]]:
        """Return its versions, the number of its runs and its files."""
        from blocks.log.client import client

        mlflow = client(self.uri)
        versions = [f"{one.name} {one.version}" for one in mlflow.search_model_versions()]
        experiments = [one.experiment_id for one in mlflow.search_experiments()]
        files = sorted(str(path) for path in self.folder.rglob("*") if path.is_file() and path.suffix != ".db")
        return versions, len(mlflow.search_runs(experiments)), files


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Record]:
    """Return an empty record; what MLflow writes beside its database lands in its folder."""
    import mlflow

    folder = tmp_path_factory.mktemp("record")
    uri = f"sqlite:///{folder / 'mlflow.db'}"
    before = mlflow.get_tracking_uri(), mlflow.get_registry_uri()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        mlflow.set_tracking_uri(uri)
        mlflow.set_registry_uri(uri)
        mlflow.set_experiment("Default")  # what another module has made active is not in this record
        yield Record(uri, folder)
    mlflow.set_tracking_uri(before[0])
    mlflow.set_registry_uri(before[1])
