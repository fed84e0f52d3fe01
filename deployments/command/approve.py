"""`gamenight approve`: answer a step that waits for a person."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from deployments.command.options import standard
from deployments.command.running import PLATFORM, event_since, newest, report, running
from deployments.command.times import with_now

EXAMPLE = """\b
Example:
  gamenight approve nba-win --step 3 --by ana
  gamenight approve nba-win --step 3 --by ana --no      back to the champion
"""


@click.command(epilog=EXAMPLE)
@click.argument("model")
@click.option("--step", type=int, required=True, help="The step that waits; the ladder counts from 0.")
@click.option("--by", metavar="NAME", required=True, help="Your name; the policy says who may answer.")
@click.option("--no", is_flag=True, help="Decline the step: back to the champion.")
@with_now
@standard
def approve(model: str, step: int, by: str, no: bool, now: datetime | None, home: Path, as_json: bool) -> None:
    """Let the step of MODEL through that waits for a person, or decline it."""
    with running(home, model) as reading:
        from flows.approve import approve as answer_step

        before = newest(reading, model)
        answer = answer_step(step, by, model, PLATFORM, "no" if no else "yes", now)
        answer["event"] = answer["event"] or event_since(reading, model, before)
    report(answer, as_json)
