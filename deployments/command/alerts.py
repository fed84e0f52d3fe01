"""`gamenight alerts`: list, acknowledge, silence and resolve alerts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from deployments.command import output
from deployments.command.options import standard
from deployments.command.reading import opened
from deployments.command.running import by_option, person
from deployments.command.times import moment, present, with_now

if TYPE_CHECKING:
    from blocks.store import Store
    from deployments.command.reading import Reading
    from tasks.alerting.alert import Alert

EXAMPLE = """\b
Example:
  gamenight alerts list nba-win
  gamenight alerts ack 3f9c1a20 --by ana
  gamenight alerts silence 3f9c1a20 --until 2019-01-08T12:00:00-05:00
  gamenight alerts resolve 3f9c1a20 --by ana
"""

COLUMNS = ("id", "severity", "type", "subject", "version", "state", "opened_at", "says")
DIGITS = 8


@click.group(epilog=EXAMPLE)
def alerts() -> None:
    """List, acknowledge, silence and resolve alerts. Starts no server."""


@alerts.command("list", epilog="\b\nExample:\n  gamenight alerts list nba-win --all --json")
@click.argument("model", required=False)
@click.option("--all", "everything", is_flag=True, help="Also those that are resolved.")
@standard
def list_alerts(model: str | None, everything: bool, home: Path, as_json: bool) -> None:
    """List the alerts of MODEL, or of every model; those that are over only with --all."""
    with opened(home) as reading:
        rows = [row_of(alert) for alert in _read(reading.store, model, open_only=not everything)]
    if as_json:
        output.emit({"alerts": rows})
    else:
        output.tell(output.table(rows, COLUMNS) if rows else "No alert is open.")


@alerts.command("ack", epilog="\b\nExample:\n  gamenight alerts ack 3f9c1a20 --by ana --why 'the arena moved'")
@click.argument("alert")
@click.option("--why", metavar="TEXT", default="", help="Stands in the history.")
@by_option
@with_now
@standard
def acknowledge(alert: str, why: str, by: str | None, now: datetime | None, home: Path, as_json: bool) -> None:
    """Take care of ALERT: an id of the list, or a whole key. Who and when stand in the model's history."""
    from tasks.alerting.alert import acknowledge as acknowledged

    with opened(home) as reading:
        found, at = find(reading.store, alert), present(now)
        changed = acknowledged(found, person(by), at)
        _log(reading, changed, person(by), at, why)
        reading.store.save_alert(changed.to_dict())
    _tell(changed, as_json)


@alerts.command("silence", epilog="\b\nExample:\n  gamenight alerts silence 3f9c1a20 --until 2019-01-08T12:00:00-05:00")
@click.argument("alert")
@click.option("--until", metavar="TIME", required=True, help="ISO 8601 with timezone.")
@with_now
@standard
def silence(alert: str, until: str, now: datetime | None, home: Path, as_json: bool) -> None:
    """Send nothing of ALERT until a time; it goes on gathering evidence."""
    from tasks.alerting.alert import silence as silenced

    end = moment(until, "until")
    _change(home, alert, lambda found: silenced(found, end, present(now)), as_json)


@alerts.command("resolve", epilog="\b\nExample:\n  gamenight alerts resolve 3f9c1a20 --by ana")
@click.argument("alert")
@by_option
@with_now
@standard
def resolve(alert: str, by: str | None, now: datetime | None, home: Path, as_json: bool) -> None:
    """Close ALERT; the same cause seen later opens a new one."""
    from tasks.alerting.alert import resolve as resolved

    _change(home, alert, lambda found: resolved(found, person(by), present(now)), as_json)


def _change(home: Path, alert: str, change: Callable[[Alert], Alert], as_json: bool) -> None:
    with opened(home) as reading:
        changed = change(find(reading.store, alert))
        reading.store.save_alert(changed.to_dict())
    _tell(changed, as_json)


def _tell(alert: Alert, as_json: bool) -> None:
    if as_json:
        output.emit({"alert": row_of(alert)})
        return
    silent = f", silent until {alert.silenced_until.isoformat()}" if alert.silenced_until else ""
    output.tell(f"{short(alert)} ({alert.about.type}, {alert.about.subject}) is {alert.state}{silent}")


def _log(reading: Reading, alert: Alert, by: str, at: datetime, why: str) -> None:
    from tasks.acts import Act
    from tasks.operations import operate
    from tasks.rollout.operation import OperationType

    operate(reading.registry, OperationType.ACKNOWLEDGE, Act(alert.about.model, by, at, why), subject=alert.key)


def _read(store: Store, model: str | None, open_only: bool) -> list[Alert]:
    from tasks.alerting.alert import Alert

    return [Alert.from_dict(row["body"]) for row in store.alerts(model, open_only=open_only).to_dict("records")]


def find(store: Store, named: str) -> Alert:
    """Return the alert of an id or a key; raise NotFound, or BadInput where the id begins several."""
    from blocks.errors import NotFound
    from tasks.rollout.refusal import BadInput

    known = _read(store, None, open_only=False)
    found = [one for one in known if named == one.key or (named and short(one).startswith(named))]
    if not found:
        raise NotFound(f"There is no alert {named!r}.", "`gamenight alerts list --all` shows their ids.")
    if len(found) > 1:
        ids = ", ".join(map(short, found))
        raise BadInput("alert", f"{named!r} begins several: {ids}")
    return found[0]


def short(alert: Alert) -> str:
    """Return the id by which people name an alert: the first digits of its key's digest."""
    from tasks.rollout.canonical import digest

    return digest(alert.key)[:DIGITS]


def row_of(alert: Alert) -> dict[str, object]:
    """Return an alert as one row."""
    return {"id": short(alert), **alert.to_dict()}
