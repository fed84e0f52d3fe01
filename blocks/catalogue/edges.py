"""Edge rows: where a copy of a model would give itself away, whatever the model is made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pandas import DataFrame

    Ask = Callable[[DataFrame], np.ndarray]

HUGE = (1e30, -1e30)
"""As good as infinite for a model, and still finite in single precision."""
PAIRS = 32
HALVINGS = 80


def edge_rows(rows: DataFrame, numeric: list[str], ask: Ask) -> DataFrame:
    """Return rows with missing and huge values in every numeric column, and rows on both sides of the model's jumps.

    rows: golden rows. numeric: the columns of doubles among them. ask: one score a row, shape (n,).
    """
    import pandas as pd

    if not numeric or rows.empty:
        return rows.head(0)
    first = rows.iloc[[0]]
    changed = [first.assign(**{name: value}) for name in numeric for value in (np.nan, 0.0, *HUGE)]
    whole = [first.assign(**dict.fromkeys(numeric, value)) for value in (np.nan, 0.0, *HUGE)]
    jumps = around_jumps(rows, numeric, ask)
    return pd.concat([*changed, *whole, jumps, _rounded(jumps, numeric), _rounded(rows, numeric)], ignore_index=True)


def around_jumps(rows: DataFrame, numeric: list[str], ask: Ask) -> DataFrame:
    """Return pairs of rows that are neighbours in double precision, on both sides of the steepest place between two.

    Between a tree's leaves the pair differs by a leaf while both round to the same single-precision row, so a copy that
    computes in single precision, or compares with a rounded threshold, is wrong on one of them.
    """
    import pandas as pd

    count = min(PAIRS, len(rows) // 2)
    if count == 0:
        return rows.head(0)
    left, right = rows.iloc[:count].reset_index(drop=True), rows.iloc[-count:].reset_index(drop=True)
    low, high = left[numeric].to_numpy(dtype=float), right[numeric].to_numpy(dtype=float)
    at_low, at_high = ask(left), ask(left.assign(**_columns(numeric, high)))
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        if np.array_equal(middle, low) or np.array_equal(middle, high):
            break
        at_middle = ask(left.assign(**_columns(numeric, middle)))
        below = np.abs(at_middle - at_low) > np.abs(at_middle - at_high)
        high, at_high = np.where(below[:, None], middle, high), np.where(below, at_middle, at_high)
        low, at_low = np.where(below[:, None], low, middle), np.where(below, at_low, at_middle)
    return pd.concat([left.assign(**_columns(numeric, side)) for side in (low, high)], ignore_index=True)


def _columns(names: list[str], values: np.ndarray) -> dict[str, np.ndarray]:
    return {name: values[:, place] for place, name in enumerate(names)}


def _rounded(rows: DataFrame, numeric: list[str]) -> DataFrame:
    single = rows[numeric].to_numpy(dtype=np.float32).astype(np.float64)
    return rows.assign(**_columns(numeric, single))
