"""What a check of a table finds."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Finding:
    """Whether a table is as expected, the rows that are not, and why in words.

    rows: positions from 0; empty where the fault is no single row's.
    """

    passed: bool
    why: str = ""
    rows: NDArray[np.int_] = field(default_factory=lambda: np.empty(0, dtype=int))


def of_rows(bad: NDArray[np.bool_], why: str) -> Finding:
    """Return the finding of a check that looks at each row by itself."""
    rows = np.flatnonzero(bad)
    return Finding(rows.size == 0, why if rows.size else "", rows)
