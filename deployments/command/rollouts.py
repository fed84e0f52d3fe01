"""`gamenight rollouts`: every rollout of a model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from deployments.command import output
from deployments.command.options import standard

if TYPE_CHECKING:
    from tasks.integrity import Audited

EXAMPLE = """\b
Example:
  gamenight rollouts nba-win
  gamenight rollouts nba-win --json
"""

COLUMNS = ("number", "from", "to", "strategy", "stage", "reason", "started", "ended", "by")


@click.command(epilog=EXAMPLE)
@click.argument("model")
@standard
def rollouts(model: str, home: Path, as_json: bool) -> None:
    """List every rollout of MODEL, oldest first. Starts no server."""
    from deployments.command.reading import opened

    with opened(home) as reading:
        rows = [row_of(one) for one in reading.audited(reading.named(model))]
    if as_json:
        output.emit({"model": model, "rollouts": rows})
    elif not rows:
        output.tell(f"{model} has had no rollout yet.")
    else:
        output.tell(output.table(rows, COLUMNS))


def row_of(audited: Audited) -> dict[str, object]:
    """Return a rollout as one row; one whose log was changed says so, and shows what can be trusted."""
    row: dict[str, object] = {
        "number": audited.number,
        "run_id": audited.run_id,
        "complaint": audited.complaint or None,
    }
    rollout = audited.rollout
    if rollout is None:
        return row
    plan, events = rollout.plan, rollout.events
    return row | {
        "from": plan.from_version,
        "to": plan.to_version,
        "attempt": plan.request.attempt,
        "strategy": plan.strategy,
        "stage": rollout.stage.value,
        "reason": rollout.reason.value if rollout.reason else None,
        "held": rollout.held.value if rollout.held else None,
        "started": events[0].at if events else None,
        "ended": rollout.ending.at if events and not rollout.live else None,
        "by": plan.request.by,
        "events": len(events),
        "why": events[-1].why if events else None,
    }
