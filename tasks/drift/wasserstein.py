"""The first Wasserstein distance: how far the mass has to travel, in the column's own unit."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

BLOCK = 1 << 16


def wasserstein(reference: Floats, current: Floats) -> float | None:
    """Return the mean distance between equal quantiles of two ordered samples; None where a value is infinite.

    Exact, in blocks of quantiles, so that no array as long as the window is made.

    >>> wasserstein(np.array([0.0, 1.0, 3.0]), np.array([5.0, 6.0, 8.0]))
    5.0
    """
    if not np.isfinite([reference[0], reference[-1], current[0], current[-1]]).all():
        return None
    if reference.size == current.size:
        blocks = range(0, reference.size, BLOCK)
        total = sum(float(np.abs(reference[b : b + BLOCK] - current[b : b + BLOCK]).sum()) for b in blocks)
        return total / reference.size
    pieces = math.ceil(max(reference.size, current.size) / BLOCK)
    return sum(_piece(reference, current, k, pieces) for k in range(pieces))


def _piece(reference: Floats, current: Floats, k: int, pieces: int) -> float:
    """Integrate over the shares between k/pieces and (k + 1)/pieces; breaks at every i/n and j/m in between."""
    n, m = reference.size, current.size
    inner_n = np.arange(k * n // pieces + 1, (k + 1) * n // pieces + 1) / n
    inner_m = np.arange(k * m // pieces + 1, (k + 1) * m // pieces + 1) / m
    breaks = np.concatenate([[k / pieces], np.sort(np.concatenate([inner_n, inner_m])), [(k + 1) / pieces]])
    middle = (breaks[1:] + breaks[:-1]) / 2.0
    at_n = np.minimum((middle * n).astype(np.int64), n - 1)
    at_m = np.minimum((middle * m).astype(np.int64), m - 1)
    return float(np.sum(np.abs(reference[at_n] - current[at_m]) * np.diff(breaks)))
