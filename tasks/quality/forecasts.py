"""Probabilities and outcomes side by side, checked once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tasks.rollout.refusal import BadInput

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Labelled:
    """Forecasts whose outcome is known: p and y of equal shape (n,); `unlabelled` counts those that wait."""

    p: Floats
    y: Floats
    unlabelled: int


def labelled(p: ArrayLike, y: ArrayLike) -> Labelled:
    """Return the forecasts with a known outcome; an outcome of NaN is not yet known.

    Raises BadInput for a forecast outside [0, 1] or missing, or an outcome that is neither 0, 1 nor missing.

    >>> labelled([0.2, 0.7, 0.9], [0, 1, float("nan")]).unlabelled
    1
    """
    forecasts, outcomes = probabilities(p), np.asarray(y, dtype=np.float64)
    if forecasts.shape != outcomes.shape:
        raise BadInput("y", f"{outcomes.size} outcomes for {forecasts.size} forecasts")
    known = ~np.isnan(outcomes)
    wrong = np.flatnonzero(known & (outcomes != 0.0) & (outcomes != 1.0))
    if wrong.size:
        raise BadInput("y", f"row {int(wrong[0]) + 1} is {outcomes[wrong[0]]}; an outcome is 0, 1 or missing")
    return Labelled(forecasts[known], outcomes[known], int(forecasts.size - known.sum()))


def probabilities(p: ArrayLike) -> Floats:
    """Return forecasts as an array of shape (n,); raise BadInput for one that is missing or outside [0, 1]."""
    found = np.asarray(p, dtype=np.float64)
    if found.ndim != 1:
        raise BadInput("p", f"expected one column of forecasts, not {found.ndim} dimensions")
    wrong = np.flatnonzero(~((found >= 0.0) & (found <= 1.0)))
    if wrong.size:
        raise BadInput("p", f"row {int(wrong[0]) + 1} is {found[wrong[0]]}; a forecast lies between 0 and 1")
    return found
