"""`gamenight rollback`: back to the champion, or to an earlier one."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from deployments.command.options import standard
from deployments.command.running import PLATFORM, by_option, event_since, newest, person, report, running
from deployments.command.times import with_now

EXAMPLE = """\b
Example:
  gamenight rollback nba-win --why "odd forecasts on the west coast" --by ana
  gamenight rollback nba-win --to 3       restores a version that has been champion before
"""


@click.command(epilog=EXAMPLE)
@click.argument("model")
@click.option("--to", metavar="VERSION", help="An earlier champion.  [default: ends the rollout, or the fallback]")
@click.option("--why", metavar="TEXT", default="asked for by hand", show_default=True, help="Stands in the history.")
@by_option
@with_now
@standard
def rollback(
    model: str, to: str | None, why: str, by: str | None, now: datetime | None, home: Path, as_json: bool
) -> None:
    """Take the newest version of MODEL out of service; in force at the next read of every gateway and slate."""
    with running(home, model) as reading:
        from flows.rollback import rollback as roll_back

        before = newest(reading, model)
        answer = roll_back(model, PLATFORM, to, why, person(by), now)
        answer["event"] = answer["event"] or event_since(reading, model, before)
    report(answer, as_json)
