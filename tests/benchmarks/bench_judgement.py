"""How long a judgement takes: a season, a million units, and the ledger from a store's rows."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter

import click
import numpy as np
import pandas as pd

from tasks.judgement.judge import judge
from tasks.judgement.ledger import Ledger, Pair, build_ledger
from tasks.judgement.rule import Rule

RULE = Rule(q_bar=0.005)


def best(run: Callable[[], object], times: int = 5) -> float:
    """Return the seconds of the fastest of several runs."""
    seconds = []
    for _ in range(times):
        start = perf_counter()
        run()
        seconds.append(perf_counter() - start)
    return min(seconds)


def ledger(units: int, nights: int) -> Ledger:
    """Return a seeded ledger in no order."""
    rng = np.random.default_rng(0)
    truth = rng.uniform(0.2, 0.8, units)
    names = tuple(f"{k:06d}" for k in range(nights))
    old, new = (np.clip(truth + rng.normal(0, 0.05, units), 0, 1) for _ in range(2))
    return Ledger(
        nights=names,
        night=rng.integers(0, nights, units),
        unit=np.arange(units).astype(object),
        p_old=old,
        p_new=new,
        y=(rng.random(units) < truth).astype(float),
        answered=np.ones(units, dtype=bool),
        closed=names,
    )


def test_a_season_is_judged_in_under_fifty_milliseconds() -> None:
    season = ledger(1230, 164)
    seconds = best(lambda: judge(season, RULE), 20)
    click.echo(f"judge, 1,230 units in 164 nights: {1e3 * seconds:.1f} ms")
    assert seconds < 0.05


def test_a_million_units_are_judged_in_under_a_second() -> None:
    for nights in (164, 10_000):
        many = ledger(10**6, nights)
        seconds = best(lambda many=many: judge(many, RULE))  # type: ignore[misc] # bound in the loop on purpose
        click.echo(f"judge, 1,000,000 units in {nights:,} nights: {seconds:.3f} s")
        assert seconds < 1.0


def test_the_ledger_of_a_season_is_built_in_under_a_quarter_of_a_second() -> None:
    games = ledger(1230, 164)
    tip = pd.Timestamp("2024-01-01T00:00Z") + pd.to_timedelta(games.night, unit="D")
    nights = tip.strftime("%Y-%m-%d")
    sealed = pd.concat(
        pd.DataFrame(
            {
                "unit": games.unit.astype(str),
                "version": version,
                "p": p,
                "made_at": tip - pd.Timedelta(hours=hours),
                "tip_at": tip,
                "night": nights,
            }
        )
        for version, p in (("1", games.p_old), ("2", games.p_new))
        for hours in (1, 2)
    )
    told = {"unit": games.unit.astype(str), "revision": 1, "status": "final", "outcome": games.y, "night": nights}
    outcomes = pd.DataFrame(told | {"recorded_at": tip + pd.Timedelta(hours=4)})
    closed = sorted(set(nights))
    seconds = best(lambda: build_ledger(sealed, outcomes, Pair("1", "2"), closed))
    click.echo(f"ledger of 1,230 games from {len(sealed):,} sealed forecasts: {1e3 * seconds:.0f} ms")
    assert seconds < 0.25
