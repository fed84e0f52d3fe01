"""How long a judgement takes: a season, a million units, and the ledger from a store's rows."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter, process_time

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


def rows_of(games: Ledger, hours: tuple[int, ...]) -> tuple[pd.DataFrame, pd.DataFrame, list[str]]:
    """Return a ledger's games as the store gives them: sealed forecasts, outcomes, closed nights."""
    tip = pd.Timestamp("2024-01-01T00:00Z") + pd.to_timedelta(games.night, unit="D")
    nights, unit = tip.strftime("%Y-%m-%d"), games.unit.astype(str).astype(object)
    sealed = pd.concat(
        [
            pd.DataFrame({"unit": unit, "version": version, "p": p, "made_at": tip - pd.Timedelta(hours=before)})
            .assign(tip_at=tip, night=nights)
            .astype({"unit": object, "version": object, "night": object})
            for version, p in (("1", games.p_old), ("2", games.p_new))
            for before in hours
        ],
        ignore_index=True,
    )
    told = {"unit": unit, "revision": 1, "status": "final", "outcome": games.y, "night": nights}
    outcomes = pd.DataFrame(told | {"recorded_at": tip + pd.Timedelta(hours=4)})
    return sealed, outcomes.astype({"unit": object, "status": object, "night": object}), sorted(set(nights))


def test_the_ledger_of_a_season_is_built_in_under_a_quarter_of_a_second() -> None:
    sealed, outcomes, closed = rows_of(ledger(1230, 164), (1, 2))
    seconds = best(lambda: build_ledger(sealed, outcomes, Pair("1", "2"), closed))
    click.echo(f"ledger of 1,230 games from {len(sealed):,} sealed forecasts: {1e3 * seconds:.0f} ms")
    assert seconds < 0.25


def test_the_ledger_of_a_million_units_is_built_in_a_few_seconds() -> None:
    sealed, outcomes, closed = rows_of(ledger(10**6, 164), (1,))
    start = process_time()
    build_ledger(sealed, outcomes, Pair("1", "2"), closed)
    seconds = process_time() - start
    click.echo(f"ledger of 1,000,000 units from {len(sealed):,} sealed forecasts: {seconds:.1f} s of CPU")
    assert seconds < 4.0
