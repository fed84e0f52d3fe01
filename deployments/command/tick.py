"""`gamenight tick`: look once at the evidence, and move the rollout by at most one step."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from deployments.command import exits
from deployments.command.options import standard
from deployments.command.running import PLATFORM, by_option, event_since, newest, person, report, retreated, running
from deployments.command.times import with_now

EXAMPLE = """\b
Example:
  gamenight tick nba-win                  safe at any time, twice, or after a crash
"""


@click.command(epilog=EXAMPLE)
@click.argument("model")
@by_option
@with_now
@standard
def tick(model: str, by: str | None, now: datetime | None, home: Path, as_json: bool) -> int:
    """Look once at the rollout of MODEL and move it by at most one step. Exit status 1: it was rolled back."""
    with running(home, model) as reading:
        from flows.canary_promote import canary_promote

        before = newest(reading, model)
        answer = canary_promote(model, PLATFORM, now, person(by))
        answer["event"] = answer["event"] or event_since(reading, model, before)
    report(answer, as_json)
    return exits.NO if retreated(answer) else exits.DONE
