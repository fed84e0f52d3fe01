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

    Both are samples: a one-sample test against the reference as if it were the truth alarms far too often. Rare levels
    are pooled (see `pooled`), a table of two columns with a rare one is answered by Fisher's exact test. Rare levels
    that the reference never had are asked about apart, so that pooling cannot hide them. design: the design effect of
    clustered rows (Rao and Scott 1981), 1 for independent rows.

    >>> round(chi2_p(np.array([50, 50]), np.array([30, 70])), 4)
    0.0039
    """
    table = np.stack([reference, current])[:, (reference + current) > 0]
    if table.shape[1] < 2:
        return None
    p = _table_p(pooled(table), design)
    unseen = _unseen(table)
    return p if unseen is None else min(1.0, 2.0 * min(p, _table_p(unseen, design)))


def pooled(table: Counts) -> Counts:
    """Return a table of two rows whose rare levels are put together, rarest first; two columns are never made one.

    A level is rare when fewer than 5 of it are expected in the smaller window; groups close when they reach that.

    >>> pooled(np.array([[90, 6, 3, 2], [90, 5, 4, 2]]))
    array([[ 5,  6, 90],
           [ 6,  5, 90]])
    """
    order = np.argsort(table.sum(axis=0), kind="stable")
    expected = _expected_in_the_smaller(table)
    groups: list[list[int]] = [[]]
    for level in order[:-1]:
        groups[-1].append(int(level))
        if expected[groups[-1]].sum() >= SMALLEST_EXPECTED:
            groups.append([])
    last = groups.pop()
    if last and groups:
        groups[-1] += last
    groups += [last, [int(order[-1])]] if last and not groups else [[int(order[-1])]]
    return np.stack([table[:, group].sum(axis=1) for group in groups], axis=1)


def _expected_in_the_smaller(table: Counts) -> Floats:
    expected: Floats = table.sum(axis=0) * (table.sum(axis=1).min() / max(1, table.sum()))
    return expected


def _unseen(table: Counts) -> Counts | None:
    """Return rows at levels seen nowhere else: how many a new row should find is told by the reference's own singles.

    Source: Good (1953): the chance that the next row has a new level is about the share of levels seen once.
    """
    rare = _expected_in_the_smaller(table) < SMALLEST_EXPECTED
    new = int(table[1][rare & (table[0] == 0)].sum())
    if table.shape[1] < 3 or not new:
        return None
    once = int((rare & (table[0] == 1)).sum())
    rows = table.sum(axis=1)
    return np.array([[once, rows[0] - once], [new, rows[1] - new]], dtype=np.int64)


def _table_p(table: Counts, design: float) -> float:
    rows, columns = table.sum(axis=1), table.sum(axis=0)
    if not rows.all() or not columns.all():
        return 1.0
    expected = np.outer(rows, columns) / table.sum()
    if expected.min() < SMALLEST_EXPECTED and table.shape[1] == 2:
        return fisher_p(table if design <= 1.0 else np.rint(table / design).astype(np.int64))
    statistic = float(((table - expected) ** 2 / expected).sum()) / design
    return float(chdtrc(table.shape[1] - 1, statistic))


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


def _log_choose(n: int, k: Counts) -> Floats:
    return np.asarray(gammaln(n + 1.0) - gammaln(k + 1.0) - gammaln(n - k + 1.0))
