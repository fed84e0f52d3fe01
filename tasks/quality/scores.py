"""How good forecasts were, once the results are in: Brier, log loss, accuracy, each with its uncertainty."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tasks.quality.forecasts import labelled

CLIP = 0.01
NORMAL_95 = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Score:
    """A mean over games with its 95 % interval by the normal approximation; None where fewer than two are known."""

    value: float | None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Scores:
    """The scores of n labelled forecasts; `share` is how many of all forecasts have a label, provisional below 1."""

    n: int
    share: float
    brier: Score
    log_loss: Score
    accuracy: Score

    @property
    def provisional(self) -> bool:
        """Return whether outcomes are still to come."""
        return self.share < 1.0


def scores(p: ArrayLike, y: ArrayLike, clip: float = CLIP) -> Scores:
    """Return the scores of probabilities p against outcomes y (0, 1, or NaN for not yet known), both of shape (n,).

    Log loss is taken with p clipped to [clip, 1 - clip]. A forecast of exactly .5 counts as half right.

    >>> scores([0.75, 0.5], [1, 0]).brier.value
    0.15625
    """
    known = labelled(p, y)
    total = known.p.size + known.unlabelled
    clipped = np.clip(known.p, clip, 1.0 - clip)
    losses = -np.where(known.y == 1.0, np.log(clipped), np.log1p(-clipped))
    right = np.where(known.p == 0.5, 0.5, (known.p > 0.5) == (known.y == 1.0))
    return Scores(
        n=known.p.size,
        share=known.p.size / total if total else 0.0,
        brier=_score((known.p - known.y) ** 2),
        log_loss=_score(losses),
        accuracy=_score(right),
    )


def _score(terms: NDArray[np.float64]) -> Score:
    if not terms.size:
        return Score(None)
    mean = float(terms.mean())
    if terms.size < 2:
        return Score(mean)
    half = NORMAL_95 * float(terms.std(ddof=1)) / math.sqrt(terms.size)
    return Score(mean, mean - half, mean + half)
