"""How long a judgement may take."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter

import numpy as np
import pytest

from tasks.judgement.judge import judge
from tasks.judgement.ledger import Ledger
from tasks.judgement.rule import Rule

MakeLedger = Callable[..., Ledger]
RULE = Rule(q_bar=0.003)


def test_a_season_takes_under_fifty_milliseconds(season: MakeLedger) -> None:
    ledger = season(0)
    judge(ledger, RULE)
    assert min(_seconds(ledger) for _ in range(5)) < 0.05


@pytest.mark.slow
@pytest.mark.parametrize("nights", [164, 10_000])
def test_a_million_units_take_under_a_second(season: MakeLedger, nights: int) -> None:
    rng = np.random.default_rng(0)
    names = tuple(f"{k:06d}" for k in range(nights))
    small = season(0)
    pick = rng.integers(0, len(small.y), 10**6)
    columns = {name: getattr(small, name)[pick] for name in ("unit", "p_old", "p_new", "y", "answered")}
    ledger = Ledger(nights=names, night=rng.integers(0, nights, 10**6), closed=names, **columns)
    assert min(_seconds(ledger) for _ in range(3)) < 1.0


def _seconds(ledger: Ledger) -> float:
    start = perf_counter()
    judge(ledger, RULE)
    return perf_counter() - start
