"""`gamenight history`: what was live when, by whose decision, on what evidence."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from deployments.command import exits, output
from deployments.command.options import standard
from deployments.command.times import moment

if TYPE_CHECKING:
    from deployments.command.reading import Reading
    from tasks.integrity import Audited

EXAMPLE = """\b
Example:
  gamenight history nba-win
  gamenight history nba-win --at 2019-01-05T19:00:00-05:00    what was live at that instant
  gamenight history nba-win --verify --recompute              is it what was written, and does it follow?
"""

COLUMNS = ("at", "type", "to", "weight", "by", "why")


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of the record beside its events."""

    verify: bool
    recompute: bool
    at: datetime | None


@click.command(epilog=EXAMPLE)
@click.argument("model")
@click.option("--verify", is_flag=True, help="Check the digests of all texts and all evidence; exit 1 if one differs.")
@click.option("--recompute", is_flag=True, help="Judge all evidence again; exit 1 if a verdict differs.")
@click.option("--at", metavar="TIME", help="What was live at this time (ISO 8601 with timezone), and why.")
@standard
def history(model: str, verify: bool, recompute: bool, at: str | None, home: Path, as_json: bool) -> int:
    """Show every event of MODEL, oldest first. Starts no server."""
    from deployments.command.reading import opened

    asked = Asked(verify, recompute, moment(at, "at") if at else None)
    with opened(home) as reading:
        answer = read_history(reading, reading.named(model), asked)
    if as_json:
        output.emit(answer)
    else:
        _tell(answer, asked)
    complaints = [*answer["complaints"], *answer.get("differences", [])]
    return exits.NO if complaints and (verify or recompute) else exits.DONE


def read_history(reading: Reading, model: str, asked: Asked) -> dict[str, Any]:
    """Return the events in order, whether the log is intact, and what else was asked."""
    from tasks.integrity import check_evidence, complaints_of, recompute
    from tasks.operations import operation_rows

    audited = reading.audited(model)
    acts, broken = operation_rows(reading.registry, model)
    # the order of the log stands, also where a clock went wrong; acts outside it are put in by their time
    events = list(heapq.merge(event_rows(audited), acts, key=lambda row: datetime.fromisoformat(str(row["at"]))))
    rollouts = [one.rollout for one in audited if one.rollout is not None]
    complaints = complaints_of(audited) + broken
    if asked.verify:
        complaints += [said for one in rollouts for said in check_evidence(one, reading.evidence)]
    answer: dict[str, Any] = {"model": model, "events": events, "intact": not complaints, "complaints": complaints}
    if asked.recompute:
        answer["differences"] = [said for one in rollouts for said in recompute(one, reading.evidence)]
    if asked.at is not None:
        answer["live"] = live_at(events, asked.at)
    return answer


def event_rows(audited: list[Audited]) -> list[dict[str, Any]]:
    """Return the events that can be trusted as rows, oldest first."""
    from tasks.status import event_row

    return [event_row(one.rollout, event) for one in audited if one.rollout for event in one.rollout.events]


def live_at(events: list[dict[str, Any]], at: datetime) -> dict[str, Any]:
    """Return what served at a moment: the routes, the event that put them in force, and the one that made the champion.

    events: rows of the history, oldest first.
    """
    before = [row for row in events if row["routes"] is not None and datetime.fromisoformat(row["at"]) <= at]
    routed = [
        row for row, last in zip(before, [None, *before], strict=False) if not last or row["routes"] != last["routes"]
    ]
    crowned = [row for row, last in zip(before, [None, *before], strict=False) if champion(row) != champion(last)]
    return {
        "at": at.isoformat(),
        "champion": champion(before[-1]) if before else None,
        "routes": before[-1]["routes"] if before else None,
        "routes_by": routed[-1] if routed else None,
        "champion_by": crowned[-1] if crowned else None,
    }


def champion(row: dict[str, Any] | None) -> str | None:
    """Return the champion in the routes of an event's row."""
    arms = row["routes"]["arms"] if row else []
    return next((str(arm["version"]) for arm in arms if arm["role"] == "champion"), None)


def _tell(answer: dict[str, Any], asked: Asked) -> None:
    if asked.at is not None:
        output.tell(_live_sentences(answer["live"]))
    elif answer["events"]:
        output.tell(output.table(answer["events"], COLUMNS))
    else:
        output.tell(f"Nothing has happened to {answer['model']} yet.")
    for said in answer["complaints"]:
        output.tell(f"NOT INTACT: {said}")
    for said in answer.get("differences", []):
        output.tell(f"DIFFERS: {said}")
    if asked.verify and answer["intact"]:
        output.tell(f"Intact: {len(answer['events'])} events and the evidence they cite are what was written.")
    if asked.recompute and not answer["differences"]:
        output.tell("Every verdict follows from its evidence.")


def _live_sentences(live: dict[str, Any]) -> str:
    if live["champion"] is None:
        return f"At {live['at']} nothing was live."
    arms = ", ".join(f"version {arm['version']} ({arm['role']}) {arm['weight']} %" for arm in live["routes"]["arms"])
    lines = [f"At {live['at']} version {live['champion']} was champion; routes: {arms}."]
    said = (("the champion", live["champion_by"]), ("these routes", live["routes_by"]))
    for what, row in said:
        lines.append(
            f"{what}: {row['type']} at {row['at']} by {row['by']} (rollout {row['rollout']}, event {row['n']}):"
        )
        lines.append(f"  {row['why']}")
        lines.append(f"  evidence {row['evidence'] or 'none'}")
    return "\n".join(lines)
