"""What a model is to a gate: a function from rows to one probability a row, that may also raise."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]
Predict = Callable[["pd.DataFrame"], "np.ndarray"]


def fault_of(answer: np.ndarray, rows: int, may_be_missing: bool = False) -> str:
    """Return what is wrong with the answers to some rows, or an empty text.

    >>> fault_of(np.array([0.4, 1.7]), 2)
    'it answers 1.7, which is no probability'
    """
    if answer.shape != (rows,):
        return f"it gives {answer.size} answers to {rows} rows"
    asked = answer[~np.isnan(answer)] if may_be_missing else answer
    wrong = asked[~((asked >= 0.0) & (asked <= 1.0))]
    return f"it answers {wrong[0]:g}, which is no probability" if wrong.size else ""


def widest_gap(first: np.ndarray, second: np.ndarray) -> float:
    """Return the largest difference of two answers to the same rows; both missing is no difference, one is infinite.

    >>> widest_gap(np.array([0.5, np.nan]), np.array([0.75, np.nan]))
    0.25
    """
    if first.shape != second.shape:
        return float("inf")
    both = np.isnan(first) & np.isnan(second)
    gaps = np.where(both, 0.0, np.abs(first - second))
    return float(np.nan_to_num(gaps, nan=np.inf).max(initial=0.0))
