"""Rebuild the table of docs/explanation/why-sequential.md: both errors of the rule, and of the rules of other tools.

python tests/benchmarks/simulate.py [--seasons 2000] [--jobs 2] [--json] [--page PATH]
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import click
import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from challengers import CHALLENGERS, play

from tasks.judgement.planner import plan
from tasks.judgement.rule import Rule
from tasks.rehearsal import rehearse

PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "why-sequential.md"
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
ROOT_SEED = 20240117
OURS = "this rule"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One rule on one season: what it called, after how many games, and whether the truth so far says it was wrong."""

    rule: str
    verdict: str
    units: int
    wrong_promotion: bool
    wrong_rollback: bool


@dataclass(frozen=True, slots=True)
class Run:
    """One season: the outcome of every rule, the true mean difference, games served, guard, and planned games."""

    outcomes: tuple[Outcome, ...]
    difference: float
    served: float
    guard_night: int | None
    planned: tuple[int, int]


def season(name: str, number: int) -> Run:
    """Return one seeded season of one kind of challenger under the default policy."""
    place = list(CHALLENGERS).index(name)
    played = play(CHALLENGERS[name], np.random.default_rng([ROOT_SEED, place, number]))
    rule = Rule(q_bar=played.q_bar)
    rehearsal = rehearse(played.ledger, rule)
    judgement, look = rehearsal.judgement, rehearsal.judgement.look
    calls = {name: (call.verdict, call.units) for name, call in rehearsal.rivals.items()}
    calls = {OURS: (judgement.verdict, look.n if look else 0)} | calls
    outcomes = []
    for label, (verdict, units) in calls.items():
        true = float(played.difference[units - 1])
        wrong = (verdict == "PASS" and true >= rule.margin - 1e-12, verdict == "FAIL" and true <= 1e-12)
        outcomes.append(Outcome(label, str(verdict), units, *wrong))
    level = np.log(1.0 / rule.guard_alpha)
    guard = next((k for k, one in enumerate(judgement.looks, start=1) if one.guard >= level), None)
    forecast = plan(rule)
    planned = (forecast.median_units, forecast.p90_units)
    return Run(tuple(outcomes), float(played.difference[-1]), rehearsal.served, guard, planned)


def seasons(name: str, numbers: Sequence[int]) -> list[Run]:
    """Return several seasons of one kind of challenger."""
    return [season(name, number) for number in numbers]


@dataclass(frozen=True, slots=True)
class Shares:
    """One rule over all seasons of a row."""

    promoted: float
    rolled_back: float
    wrong_promotion: float
    wrong_rollback: float
    median_units: float | None
    p90_units: float | None


@dataclass(frozen=True, slots=True)
class Row:
    """One kind of challenger over all its seasons."""

    challenger: str
    seasons: int
    difference: float
    served: float
    guard: float
    guard_night: float | None
    planned: tuple[float, float]
    rules: dict[str, Shares]


def summary(name: str, runs: Sequence[Run]) -> Row:
    """Return the row of one kind of challenger."""
    guards = [float(run.guard_night) for run in runs if run.guard_night]
    labels = [outcome.rule for outcome in runs[0].outcomes]
    return Row(
        challenger=name,
        seasons=len(runs),
        difference=float(np.mean([run.difference for run in runs])),
        served=float(np.mean([run.served for run in runs])),
        guard=len(guards) / len(runs),
        guard_night=float(np.median(guards)) if guards else None,
        planned=(
            float(np.median([run.planned[0] for run in runs])),
            float(np.median([run.planned[1] for run in runs])),
        ),
        rules={label: shares([run.outcomes[place] for run in runs]) for place, label in enumerate(labels)},
    )


def shares(found: Sequence[Outcome]) -> Shares:
    """Return what one rule did over many seasons."""
    decided = [one.units for one in found if one.verdict in ("PASS", "FAIL")]
    return Shares(
        promoted=float(np.mean([one.verdict == "PASS" for one in found])),
        rolled_back=float(np.mean([one.verdict == "FAIL" for one in found])),
        wrong_promotion=float(np.mean([one.wrong_promotion for one in found])),
        wrong_rollback=float(np.mean([one.wrong_rollback for one in found])),
        median_units=float(np.median(decided)) if decided else None,
        p90_units=float(np.quantile(decided, 0.9)) if decided else None,
    )


def percent(*values: float) -> str:
    """Return shares for the table."""
    return " / ".join(f"{100 * value:.1f}" for value in values)


def games(*values: float | None) -> str:
    """Return numbers of games for the table."""
    return ", ".join("-" if value is None else f"{value:.0f}" for value in values)


def tables(found: Sequence[Row]) -> str:
    """Return the measured part of the page."""
    head = f"""\
{found[0].seasons:,} seeded seasons of 1,230 games a row, default policy (margin .01, alpha .10, beta .05, n_max 600).
*Wrong* is judged by the truth at the moment of the decision: promoted while the true mean difference so far was at
least the margin; rolled back while it was at most 0. Shares in %.
"""
    middle = """
The same seasons under every rule: **wrong promotions / wrong rollbacks** (all promotions / all rollbacks).
"""
    return "\n".join([head, *_ours(found), middle, *_others(found), "\nRebuilt by `make simulate`."])


def _ours(found: Sequence[Row]) -> list[str]:
    figures = "promoted / rolled back|wrong promotion / wrong rollback|games to a verdict: median, 90 %|planned"
    lines = [f"|challenger|true mean|{figures}|games served|guard fired|on night|", "|---|" + "---:|" * 8]
    for row in found:
        mine = row.rules[OURS]
        cells = [
            f"{row.difference:+.4f}",
            percent(mine.promoted, mine.rolled_back),
            percent(mine.wrong_promotion, mine.wrong_rollback),
            games(mine.median_units, mine.p90_units),
            games(*row.planned),
            games(row.served),
            percent(row.guard),
            games(row.guard_night),
        ]
        lines.append(f"|{row.challenger}|" + "|".join(cells) + "|")
    return lines


def _others(found: Sequence[Row]) -> list[str]:
    lines = ["|challenger|" + "|".join(found[0].rules) + "|", "|---|" + "---:|" * len(found[0].rules)]
    for row in found:
        cells = [
            f"**{percent(one.wrong_promotion, one.wrong_rollback)}** ({percent(one.promoted, one.rolled_back)})"
            for one in row.rules.values()
        ]
        lines.append(f"|{row.challenger}|" + "|".join(cells) + "|")
    return lines


@click.command()
@click.option("--seasons", "count", default=2000, show_default=True)
@click.option("--jobs", default=2, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print the figures; leave the page as it is.")
@click.option("--page", type=click.Path(path_type=Path), default=PAGE, show_default=True)
def simulate(count: int, jobs: int, as_json: bool, page: Path) -> None:
    """Play the seasons and write their table into the page."""
    start = time.monotonic()
    found = []
    with ProcessPoolExecutor(jobs) as pool:
        chunks = [range(k, count, jobs) for k in range(jobs)]
        for name in CHALLENGERS:
            parts = list(pool.map(seasons, [name] * jobs, chunks))
            found.append(summary(name, [run for part in parts for run in part]))
            click.echo(f"{time.monotonic() - start:5.0f} s  {name}", err=True)
    if as_json:
        click.echo(json.dumps([asdict(row) for row in found]))
        return
    text = tables(found)
    click.echo(text)
    before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    page.write_text(f"{before}{BEGIN}\n{text}\n{END}{rest.partition(END)[2]}", encoding="utf-8")


if __name__ == "__main__":
    simulate()
