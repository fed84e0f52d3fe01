"""`gamenight status`: what serves, what is under way and why, when the next look is."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from deployments.command import output
from deployments.command.options import standard
from deployments.command.times import present, with_now

if TYPE_CHECKING:
    from deployments.command.reading import Reading

EXAMPLE = """\b
Example:
  gamenight status                        of the only model, or of every model
  gamenight status nba-win --json
"""


@click.command(epilog=EXAMPLE)
@click.argument("model", required=False)
@with_now
@standard
def status(model: str | None, now: datetime | None, home: Path, as_json: bool) -> None:
    """Say what serves, what is under way and why, and when the next look is. Starts no server."""
    from deployments.command.reading import opened

    with opened(home) as reading:
        known = reading.models() if model is None else []
        names = known if len(known) > 1 else [reading.named(model)]
        answers = [read_status(reading, name, present(now)) for name in names]
    if as_json:
        output.emit(answers[0] if len(answers) == 1 else {"models": answers})
        return
    output.tell("\n\n".join(map(sentences, answers)))


def read_status(reading: Reading, model: str, now: datetime) -> dict[str, object]:
    """Return the status of a model as the record shows it at a moment."""
    from blocks.errors import NotFound
    from tasks.status import current_status, status_of

    rollout = reading.head(model)
    try:
        return current_status(reading.store, model, rollout, now)
    except NotFound:
        # a record without its store, as a backup of MLflow alone: the figures of the last event stand in
        return status_of(model, rollout, None)


def sentences(answer: dict[str, Any]) -> str:
    """Return a status for a person."""
    lines = [f"{answer['model']}: " + (f"version {answer['champion']} serves" if answer["champion"] else "no champion")]
    if answer["fallback"]:
        lines[0] += f", version {answer['fallback']} is kept warm"
    rollout = answer["rollout"]
    if rollout is None:
        return "\n".join([*lines, "no rollout is under way"])
    who = f"version {answer['challenger']}" if answer["challenger"] else "the new champion"
    held = f", held: {rollout['held']}" if rollout["held"] else ""
    lines.append(f"{who} is in {rollout['stage']} at {rollout['weight']} % since {rollout['since']}{held}")
    if rollout["log_e_promote"] is not None:
        lines.append(
            f"evidence after {rollout['n']} games: for promotion {rollout['log_e_promote']:+.2f}, "
            f"for rollback {rollout['log_e_rollback']:+.2f} (natural logarithm)"
        )
    if rollout["nights_left"]:
        left = rollout["nights_left"]
        lines.append(f"an equal challenger needs about {left['median']} more nights (9 of 10: {left['p90']})")
    return "\n".join([*lines, f"next look: {rollout['next_look']}"])


def moved(event: dict[str, Any] | None) -> str:
    """Return what an event did, for a person."""
    if event is None:
        return "nothing moved"
    version = f" of version {event['to']}" if event["to"] else ""
    return f"{event['type']}{version} (event {event['n']}, {event['weight']} %): {event['why']}"
