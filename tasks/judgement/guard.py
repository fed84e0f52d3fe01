"""The disagreement guard: two forecasters farther apart than they ever were on the holdout. Needs no labels."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from tasks.judgement.evidence import FLOOR
from tasks.judgement.mixture import Array

BETS = (0.1, 0.3, 0.9)


def guard_terms(q: ArrayLike, q_bar: float, factor: float = 4.0) -> Array:
    """Return log(1 + b (q / (factor * q_bar) - 1)) per bet b and unit: shape (3, n).

    Their running sums, averaged over the bets, are log G: evidence that the mean disagreement passed factor * q_bar.

    >>> guard_terms([0.16], 0.01)[2].round(3).tolist()
    [1.308]
    """
    excess = np.asarray(q, dtype=float) / (factor * max(q_bar, FLOOR)) - 1.0
    return np.log1p(np.multiply.outer(BETS, excess))
