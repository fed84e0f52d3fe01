"""What the scores would be if the forecasts meant what they say: an estimate without results, never a fact."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, logit

from tasks.quality.calibration import CLIP, Calibration
from tasks.quality.forecasts import probabilities

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Estimate:
    """Expected scores without one label; `assumes` says what they rest on. They cannot see a model that went wrong."""

    n: int
    brier: float | None
    log_loss: float | None
    accuracy: float | None
    assumes: str
    is_estimate: bool = True


def estimated_scores(p: ArrayLike, known: Calibration | None = None) -> Estimate:
    """Return the expected scores of forecasts p of shape (n,) under the calibration of earlier, labelled games.

    Without `known` the forecasts themselves are taken for the true probabilities. Confidence-based estimation: Guillory
    et al. (2021); it sees harder slates and not a broken model, so it never enters a verdict.

    >>> estimated_scores([0.5, 0.5]).brier
    0.25
    """
    forecasts = probabilities(p)
    truth, assumes = _truth(forecasts, known)
    if not forecasts.size:
        return Estimate(0, None, None, None, assumes)
    clipped = np.clip(forecasts, CLIP, 1.0 - CLIP)
    return Estimate(
        n=forecasts.size,
        brier=float(np.mean(truth * (1.0 - forecasts) ** 2 + (1.0 - truth) * forecasts**2)),
        log_loss=float(-np.mean(truth * np.log(clipped) + (1.0 - truth) * np.log1p(-clipped))),
        accuracy=float(np.mean(np.where(forecasts == 0.5, 0.5, np.where(forecasts > 0.5, truth, 1.0 - truth)))),
        assumes=assumes,
    )


def _truth(forecasts: Floats, known: Calibration | None) -> tuple[Floats, str]:
    if known is None or known.slope is None or known.intercept is None:
        return forecasts, "every forecast is the true probability"
    line = known.intercept + known.slope * logit(np.clip(forecasts, CLIP, 1.0 - CLIP))
    said = f"the calibration of {known.n} earlier games still holds (intercept {known.intercept:.2f}"
    return np.asarray(expit(line), dtype=np.float64), f"{said}, slope {known.slope:.2f})"
