"""Many tests at once: Benjamini and Hochberg's false discovery rate."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def adjusted(p_values: Sequence[float]) -> list[float]:
    """Return p-values that may each be held against the false discovery rate (Benjamini and Hochberg 1995).

    >>> adjusted([0.01, 0.04, 0.03, 0.5])
    [0.04, 0.05333333333333334, 0.05333333333333334, 0.5]
    """
    p = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(p)[::-1]
    ranks = np.arange(p.size, 0, -1)
    steps = np.minimum.accumulate(np.minimum(p[order] * p.size / ranks, 1.0))
    out = np.empty_like(p)
    out[order] = steps
    return [float(value) for value in out]
