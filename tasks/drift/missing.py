"""The share of missing values: a statistic of its own, never dropped with the rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tasks.drift.chi2 import chi2_p


@dataclass(frozen=True, slots=True)
class Missing:
    """Shares of missing rows in both windows; p is None where neither misses any."""

    reference: float | None
    current: float | None
    p: float | None

    @property
    def change(self) -> float:
        """Return how far the share moved."""
        return abs((self.current or 0.0) - (self.reference or 0.0))


def missing(reference: tuple[int, int], current: tuple[int, int], design: float = 1.0) -> Missing:
    """Return the missing shares of (missing, rows) in both windows and the p-value of their difference.

    >>> missing((0, 100), (50, 100)).p < 1e-10
    True
    """
    table = np.array([[lost, rows - lost] for lost, rows in (reference, current)], dtype=np.int64)
    shares = [lost / rows if rows else 0.0 for lost, rows in (reference, current)]
    p = chi2_p(table[0], table[1], design) if reference[1] and current[1] else None
    return Missing(shares[0], shares[1], p if table[:, 0].any() else None)
