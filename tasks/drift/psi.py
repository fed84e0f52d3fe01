"""Population stability index, and how much of it is noise."""

from __future__ import annotations

import numpy as np
from scipy.special import chdtrc, chdtri

from tasks.drift.bins import Counts, smoothed


def psi(reference: Counts, current: Counts) -> float:
    """Return sum (q - p) ln(q / p) over bins counted with the same edges; nats, symmetric.

    Source: Siddiqi (2006), Credit Risk Scorecards.

    >>> psi(np.array([10, 10]), np.array([10, 10]))
    0.0
    """
    p, q = smoothed(reference), smoothed(current)
    return float(np.sum((q - p) * np.log(q / p)))


def psi_critical(bins: int, n: int, m: int, level: float = 0.05, design: float = 1.0) -> float | None:
    """Return the PSI that two windows of n and m rows of one law pass with probability `level`; None for one bin.

    Source: Yurdakul and Naranjo (2020): PSI / (1/n + 1/m) is about chi-square with bins - 1 degrees of freedom.

    >>> round(psi_critical(10, 100, 100), 3)
    0.338
    """
    if bins < 2:
        return None
    return float(chdtri(bins - 1, level) * (1.0 / n + 1.0 / m) * design)


def psi_p(value: float, bins: int, n: int, m: int, design: float = 1.0) -> float:
    """Return the p-value of a PSI under the same approximation."""
    return float(chdtrc(bins - 1, value / (1.0 / n + 1.0 / m) / design)) if bins > 1 else 1.0
