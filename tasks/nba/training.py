"""Train a model on games as they were known at the time."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from tasks.nba.features import FEATURES, NUMERIC
from tasks.rollout.refusal import BadInput

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd
    from sklearn.pipeline import Pipeline

FEWEST_GAMES = 100


def _logistic(seed: int) -> Pipeline:
    from tasks.nba.models import logistic

    return logistic()


def _boosting(seed: int) -> Pipeline:
    from tasks.nba.models import boosting

    return boosting(seed)


KINDS: MappingProxyType[str, Callable[[int], Pipeline]] = MappingProxyType(
    {"logistic": _logistic, "boosting": _boosting}
)


def train(frame: pd.DataFrame, kind: str = "logistic", seed: int = 0) -> Pipeline:
    """Return a fitted pipeline of `kind`, whose `predict_proba` takes the raw feature columns.

    frame: what `training_frame` gives. The same frame, kind and seed give the same model. Raises BadInput for an
    unknown kind, a missing column, a value that is not a number, one outcome only, or fewer than 100 games.
    """
    if kind not in KINDS:
        raise BadInput("kind", f"unknown kind of model {kind!r}; there are {', '.join(KINDS)}")
    _check(frame)
    return KINDS[kind](seed).fit(model_input(frame), frame["home_win"].to_numpy(dtype=int))


def model_input(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the columns that a model is given, in the contract's order; raises BadInput for a missing one."""
    for name in FEATURES:
        if name not in frame.columns:
            raise BadInput(name, f"the frame has no such column; a model is given {', '.join(FEATURES)}")
    return frame[list(FEATURES)]


def seasons_before(frame: pd.DataFrame, season: int, count: int = 6) -> pd.DataFrame:
    """Return the games of the `count` seasons before `season`, and none of it."""
    return frame[frame["season"].between(season - count, season - 1)]


def base_rate(frame: pd.DataFrame) -> float:
    """Return the share of games that the home team won: the forecast of somebody who knows nothing else."""
    if not len(frame):
        raise BadInput("frame", "no games to take a base rate of")
    return float(frame["home_win"].mean())


def trusted_types() -> list[str]:
    """Return the names of the types, beside scikit-learn's public ones, that a saved model may hold.

    For `skops_trusted_types` when a pipeline is logged: our transformer, and the inner parts of the calibrated
    boosting, which skops does not trust by itself.
    """
    return [
        "tasks.nba.models.Differences",
        "sklearn.calibration._CalibratedClassifier",
        "sklearn.calibration._SigmoidCalibration",
        "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    ]


def _check(frame: pd.DataFrame) -> None:
    if "home_win" not in frame.columns:
        raise BadInput("home_win", "the frame has no such column; train on what training_frame gives")
    numbers = model_input(frame)[list(NUMERIC)]
    for name in NUMERIC:
        if not np.isfinite(numbers[name].to_numpy(dtype=float)).all():
            raise BadInput(name, "has values that are missing or not finite; take those games out first")
    if len(frame) < FEWEST_GAMES:
        raise BadInput("frame", f"{len(frame)} games are too few to train on; at least {FEWEST_GAMES} are needed")
    if frame["home_win"].nunique() < 2:
        raise BadInput("home_win", "every game ended the same way; a model needs wins and losses")
