"""Determinism: does a version answer the same rows the same way, whenever it is asked?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tasks.proving.answers import Predict, widest_gap
from tasks.rollout.candidate import Gate
from tasks.rollout.verdict import Verdict

if TYPE_CHECKING:
    import pandas as pd

NAME = "determinism"
CALLS = 4


def jitter(predict: Predict, rows: pd.DataFrame, calls: int = CALLS) -> float:
    """Return how far the answers to the same rows lie apart over several calls; 0 for a function."""
    first = predict(rows)
    return max(widest_gap(first, predict(rows)) for _ in range(calls - 1))


def determinism(predict: Predict, rows: pd.DataFrame) -> Gate:
    """Return whether repeated calls give equal answers, to the last bit."""
    gap = jitter(predict, rows)
    figures = {"largest_gap": gap}
    if gap:
        said = f"{CALLS} calls with the same {len(rows)} rows differ by up to {gap:.2g} in probability"
        return Gate(NAME, Verdict.FAIL, f"{said}: fix the seed, or take what is random out of predict", figures)
    return Gate(NAME, Verdict.PASS, f"{CALLS} calls with the same {len(rows)} rows give the same answers", figures)
