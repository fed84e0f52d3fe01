"""`gamenight replay`: a past range of nights, played again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from deployments.command import output
from deployments.command.bar import watched
from deployments.command.options import standard
from deployments.command.running import PLATFORM, running
from deployments.command.times import night

EXAMPLE = """\b
Example:
  gamenight replay nba-win --from 2019-01-01 --to 2019-01-31
  gamenight replay nba-win --from 2018-10-16 --to 2019-04-10 --no-ticks --json
"""


@click.command(epilog=EXAMPLE)
@click.argument("model")
@click.option("--from", "since", metavar="DATE", required=True, help="The first US/Eastern date.")
@click.option("--to", "until", metavar="DATE", required=True, help="The last US/Eastern date.")
@click.option("--ticks/--no-ticks", default=True, show_default=True, help="Look at the rollout and monitor too.")
@standard
def replay(model: str, since: str, until: str, ticks: bool, home: Path, as_json: bool) -> None:
    """Score and settle the nights of a past range of MODEL as of their own time. Ctrl-C and again: it goes on."""
    first, last = str(night(since, "from")), str(night(until, "to"))
    with running(home, model):
        from flows.replay import replay as run

        with watched("nights"):
            answer: dict[str, Any] = run(first, last, model, PLATFORM, ticks)
    if as_json:
        output.emit(answer)
        return
    brier = "" if answer["brier"] is None else f", Brier {answer['brier']:.4f} over {answer['labelled']} games"
    output.tell(f"{answer['nights']} nights, {answer['played']} of them played now, {answer['games']} games{brier}")
