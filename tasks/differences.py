"""How far two forecasters lie apart, row by row: what a rollout that exposes nobody has to show."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tasks.judgement.ledger import Ledger
from tasks.judgement.paired import paired_terms
from tasks.judgement.rule import Rule

WORST = 20


@dataclass(frozen=True, slots=True)
class Row:
    """One unit with both forecasts, its outcome, and how much more the challenger lost on it than the champion."""

    night: str
    unit: str
    p_old: float
    p_new: float
    y: float
    loss_difference: float

    @property
    def difference(self) -> float:
        """Return how far the forecasts lie apart."""
        return abs(self.p_new - self.p_old)


@dataclass(frozen=True, slots=True)
class Differences:
    """Distances of two forecasters over n units: mean, 95th percentile, largest; mean loss difference; worst rows."""

    n: int
    mean: float
    p95: float
    largest: float
    mean_loss: float
    worst: tuple[Row, ...]


def differences(ledger: Ledger, rule: Rule, worst: int = WORST) -> Differences:
    """Return how far the forecasts of a ledger lie apart; the worst rows are the farthest apart, ties by unit.

    Of no rows at all every figure is 0.
    """
    if not len(ledger.y):
        return Differences(0, 0.0, 0.0, 0.0, 0.0, ())
    apart = np.abs(ledger.p_new - ledger.p_old)
    apart = apart.max(axis=1) if apart.ndim == 2 else apart
    d, _ = paired_terms(ledger.p_old, ledger.p_new, ledger.y, rule.score, rule.clip)
    order = np.lexsort((ledger.unit.astype(str), -apart))[: worst if ledger.p_old.ndim == 1 else 0]
    rows = tuple(
        Row(
            ledger.nights[ledger.night[at]],
            str(ledger.unit[at]),
            float(ledger.p_old[at]),
            float(ledger.p_new[at]),
            float(ledger.y[at]),
            float(d[at]),
        )
        for at in order
    )
    return Differences(
        len(apart),
        float(apart.mean()),
        float(np.quantile(apart, 0.95)),
        float(apart.max()),
        float(d.mean()),
        rows,
    )
