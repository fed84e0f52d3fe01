"""How far two forecasters lie apart: checked by hand and against numpy."""

from __future__ import annotations

import numpy as np
import pytest

from tasks.differences import differences
from tasks.judgement.ledger import Ledger
from tasks.judgement.rule import Rule


def ledger(p_old: list[float], p_new: list[float], y: list[float]) -> Ledger:
    n = len(y)
    return Ledger(
        nights=("2019-01-01",),
        night=np.zeros(n, dtype=int),
        unit=np.array([f"g{place:02d}" for place in range(n)], dtype=object),
        p_old=np.array(p_old),
        p_new=np.array(p_new),
        y=np.array(y),
        answered=np.ones(n, dtype=bool),
        closed=("2019-01-01",),
    )


def test_the_figures_are_those_of_the_distances() -> None:
    rng = np.random.default_rng(5)
    old, new = rng.uniform(size=(2, 60))
    found = differences(ledger(old.tolist(), new.tolist(), [1.0, 0.0] * 30), Rule(q_bar=0.01))
    apart = np.abs(new - old)
    assert (found.n, found.mean, found.largest) == (60, pytest.approx(apart.mean()), pytest.approx(apart.max()))
    assert found.p95 == pytest.approx(np.quantile(apart, 0.95))
    assert found.mean_loss == pytest.approx(np.mean((new - [1, 0] * 30) ** 2 - (old - [1, 0] * 30) ** 2), abs=1e-3)
    assert [row.difference for row in found.worst] == pytest.approx(sorted(apart, reverse=True)[:20])


def test_of_nothing_every_figure_is_zero() -> None:
    found = differences(ledger([], [], []), Rule(q_bar=0.01))
    assert (found.n, found.mean, found.p95, found.largest, found.worst) == (0, 0.0, 0.0, 0.0, ())
