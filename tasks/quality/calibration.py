"""Do 70 % forecasts come true 70 % of the time? Slope, intercept, expected calibration error, reliability table."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, logit

from tasks.quality.forecasts import Labelled, labelled

Floats = NDArray[np.float64]

BINS = 10
CLIP = 0.01
STEPS = 50


@dataclass(frozen=True, slots=True)
class Bin:
    """One row of the reliability table: forecasts in [low, high), their mean, what came true and its 95 % interval."""

    low: float
    high: float
    n: int
    forecast: float
    observed: float
    observed_low: float
    observed_high: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """logit P(y = 1) = intercept + slope * logit p; perfect is 0 and 1.

    None where it cannot be fitted (one outcome only, one forecast only, or a perfect split). `*_se` standard errors.
    ece: expected calibration error, the mean of |forecast - observed| over the table's rows, weighted by n.
    """

    n: int
    intercept: float | None
    intercept_se: float | None
    slope: float | None
    slope_se: float | None
    ece: float | None
    table: tuple[Bin, ...]


def calibration(p: ArrayLike, y: ArrayLike, bins: int = BINS) -> Calibration:
    """Return the calibration of probabilities p against outcomes y (0, 1 or NaN), both of shape (n,).

    Forecasts are clipped to [.01, .99] for the fit alone. Source: Cox (1958), two further applications of a model.

    >>> found = calibration([0.25] * 4 + [0.75] * 4, [0, 0, 0, 1, 1, 1, 1, 0])
    >>> round(found.slope, 6), round(found.intercept, 6), found.ece
    (1.0, 0.0, 0.0)
    """
    known = labelled(p, y)
    table = _table(known, bins)
    ece = sum(row.n * abs(row.forecast - row.observed) for row in table) / known.p.size if known.p.size else None
    fitted = _fit(logit(np.clip(known.p, CLIP, 1.0 - CLIP)), known.y)
    if fitted is None:
        return Calibration(known.p.size, None, None, None, None, ece, table)
    (intercept, slope), (intercept_se, slope_se) = fitted
    return Calibration(known.p.size, intercept, intercept_se, slope, slope_se, ece, table)


def _table(known: Labelled, bins: int) -> tuple[Bin, ...]:
    places = np.minimum((known.p * bins).astype(np.int64), bins - 1)
    rows = []
    for k in np.unique(places):
        p, y = known.p[places == k], known.y[places == k]
        low, high = _wilson(float(y.sum()), y.size)
        rows.append(Bin(int(k) / bins, (int(k) + 1) / bins, y.size, float(p.mean()), float(y.mean()), low, high))
    return tuple(rows)


def _wilson(hits: float, n: int, z: float = 1.959963984540054) -> tuple[float, float]:
    """Return the 95 % interval of a share. Source: Wilson (1927)."""
    middle = (hits + z**2 / 2) / (n + z**2)
    half = z / (n + z**2) * math.sqrt(hits * (n - hits) / n + z**2 / 4)
    return max(0.0, middle - half), min(1.0, middle + half)


def _fit(x: Floats, y: Floats) -> tuple[tuple[float, float], tuple[float, float]] | None:
    """Fit a logistic line by Newton's steps, each halved until the likelihood does not fall."""
    if not x.size or y.min() == y.max() or np.ptp(x) < 1e-12 or _splits(x, y):
        return None
    design = np.stack([np.ones_like(x), x], axis=1)
    beta = np.array([0.0, 1.0])
    for _ in range(STEPS):
        p = expit(design @ beta)
        information = design.T @ (design * (p * (1.0 - p))[:, None])
        step = np.linalg.solve(information, design.T @ (y - p))
        while _log_likelihood(design, y, beta + step) < _log_likelihood(design, y, beta) - 1e-12:
            step /= 2.0
        beta = beta + step
        if float(np.abs(step).max()) < 1e-10:
            break
    errors = np.sqrt(np.diag(np.linalg.inv(information)))
    return (float(beta[0]), float(beta[1])), (float(errors[0]), float(errors[1]))


def _splits(x: Floats, y: Floats) -> bool:
    wins, losses = x[y == 1.0], x[y == 0.0]
    return bool(wins.min() >= losses.max() or wins.max() <= losses.min())


def _log_likelihood(design: Floats, y: Floats, beta: Floats) -> float:
    line = design @ beta
    return float(np.sum(y * line - np.logaddexp(0.0, line)))
