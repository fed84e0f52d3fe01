"""`gamenight monitor`: look at inputs, predictions, quality and operations now."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import click

from deployments.command import exits, output
from deployments.command.options import standard
from deployments.command.running import PLATFORM, event_since, newest, retreated, running
from deployments.command.status import moved
from deployments.command.times import with_now

EXAMPLE = """\b
Example:
  gamenight monitor nba-win
  gamenight monitor nba-win --json
"""


@click.command(epilog=EXAMPLE)
@click.argument("model")
@with_now
@standard
def monitor(model: str, now: datetime | None, home: Path, as_json: bool) -> int:
    """Look at what serves of MODEL: report, alert, and roll back where decay is proven (exit status 1)."""
    with running(home, model) as reading:
        from flows.monitor_and_alert import monitor_and_alert

        before = newest(reading, model)
        answer: dict[str, Any] = dict(monitor_and_alert(model, PLATFORM, now))
        answer["event"] = event_since(reading, model, before)
    if as_json:
        output.emit(answer)
    else:
        output.tell(f"{model} version {answer['version'] or 'none'}: {len(answer['findings'])} findings")
        for one in answer["findings"]:
            output.tell(f"{one['type']:22} {one['subject']}: {one['says']}")
        output.tell(f"{len(answer['opened'])} alerts opened; {moved(answer['event'])}")
    return exits.NO if retreated(answer) else exits.DONE
