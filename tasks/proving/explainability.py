"""Explainability: what does a version go by? Permutation importance, and whether it reads anything at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tasks.proving.answers import Predict
from tasks.proving.limits import ExplainabilityLimits
from tasks.rollout.candidate import Gate
from tasks.rollout.verdict import Verdict

if TYPE_CHECKING:
    import pandas as pd

NAME = "explainability"


@dataclass(frozen=True, slots=True)
class Importance:
    """A column: how much the Brier score rises when it is shuffled, its spread, and how far forecasts move."""

    column: str
    brier: float
    brier_sd: float
    moves: float


def importances(
    predict: Predict,
    rows: pd.DataFrame,
    y: NDArray[np.float64],
    repeats: int,
    rng: np.random.Generator,
) -> list[Importance]:
    """Return the permutation importance of every column, the greatest first.

    y: outcomes, shape (n,). Source: Breiman (2001), Random Forests; Fisher, Rudin & Dominici (2019).
    """
    plain = predict(rows)
    base = float(np.mean((plain - y) ** 2))
    found = []
    for name in map(str, rows.columns):
        rises, moves = [], []
        for _ in range(repeats):
            shuffled = rows.assign(**{name: rows[name].to_numpy()[rng.permutation(len(rows))]})
            p = predict(shuffled)
            rises.append(float(np.mean((p - y) ** 2)) - base)
            moves.append(float(np.mean(np.abs(p - plain))))
        found.append(Importance(name, float(np.mean(rises)), float(np.std(rises)), float(np.mean(moves))))
    return sorted(found, key=lambda one: -one.brier)


def explainability(found: Sequence[Importance], limits: ExplainabilityLimits) -> Gate:
    """Return the report of what a version goes by; FAIL only for one that answers the same whatever it is given."""
    figures = {f"brier.{one.column}": one.brier for one in found}
    detail = {"importance": [asdict(one) for one in found]}
    read = [one for one in found if one.moves > limits.change]
    if not read:
        why = "no column changes its answers: it ignores its inputs; look at its preprocessing"
        return Gate(NAME, Verdict.FAIL, why, figures, detail=detail)
    most = ", ".join(f"{one.column} {one.brier:+.4f}" for one in found[:3])
    return Gate(
        NAME, Verdict.PASS, f"reads {len(read)} columns; Brier without the first: {most}", figures, detail=detail
    )
