"""Chi-square of two samples over levels: rare ones pooled, and an exact test where counts are too small for it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc, gammaln

from tasks.drift.bins import Counts

Floats = NDArray[np.float64]

SMALLEST_EXPECTED = 5.0


def chi2_p(reference: Counts, current: Counts, design: float = 1.0) -> float | None:
    """Return the p-value that two windows share one law over levels; None with fewer than two levels.

    Both are samples: a one-sample test against the reference as if it were the truth alarms far too often. Levels whose
    expected count in the smaller window is below 5 are pooled; where two columns remain and one is still rare, Fisher's
    exact test answers. design: the design effect of clustered rows (Rao and Scott 1981), 1 for independent rows.

    >>> round(chi2_p(np.array([50, 50]), np.array([30, 70])), 4)
    0.0039
    """
    table = pooled(np.stack([reference, current])[:, (reference + current) > 0])
    if table.shape[1] < 2:
        return None
    rows, columns = table.sum(axis=1), table.sum(axis=0)
    expected = np.outer(rows, columns) / table.sum()
    if expected.min() < SMALLEST_EXPECTED:
        return _clustered_fisher(table, design)
    statistic = float(((table - expected) ** 2 / expected).sum()) / design
    return float(chdtrc(table.shape[1] - 1, statistic))


def pooled(table: Counts) -> Counts:
    """Return a table of two rows with its rare levels in one column; two columns are never made one.

    >>> pooled(np.array([[90, 6, 3, 2], [90, 5, 4, 2]]))
    array([[90,  6,  5],
           [90,  5,  6]])
    """
    smaller_share = table.sum(axis=1).min() / max(1, table.sum())
    order = np.argsort(table.sum(axis=0), kind="stable")
    expected = table.sum(axis=0)[order] * smaller_share
    rare = int(np.searchsorted(expected, SMALLEST_EXPECTED))
    while rare and expected[:rare].sum() < SMALLEST_EXPECTED and rare < expected.size - 1:
        rare += 1
    rare = min(rare, expected.size - 1)
    if rare < 2:
        return table
    kept = np.delete(table, order[:rare], axis=1)
    return np.concatenate([kept, table[:, order[:rare]].sum(axis=1, keepdims=True)], axis=1)


def fisher_p(table: Counts) -> float:
    """Return the two-sided p-value of Fisher's exact test of a 2 x 2 table.

    >>> round(fisher_p(np.array([[8, 2], [1, 5]])), 4)
    0.035
    """
    rows, columns = table.sum(axis=1), table.sum(axis=0)
    least, most = max(0, columns[0] - rows[1]), min(columns[0], rows[0])
    logs = _log_choose(rows[0], np.arange(least, most + 1)) + _log_choose(
        rows[1], columns[0] - np.arange(least, most + 1)
    )
    probabilities = np.exp(logs - _log_choose(table.sum(), np.array([columns[0]])))
    observed = probabilities[table[0, 0] - least]
    return min(1.0, float(probabilities[probabilities <= observed * (1 + 1e-7)].sum()))


def _clustered_fisher(table: Counts, design: float) -> float:
    return fisher_p(table if design <= 1.0 else np.rint(table / design).astype(np.int64))


def _log_choose(n: int, k: Counts) -> Floats:
    return np.asarray(gammaln(n + 1.0) - gammaln(k + 1.0) - gammaln(n - k + 1.0))
