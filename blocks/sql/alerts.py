"""Alerts at their latest state, one row each."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Engine, select, update

from blocks.errors import Refused
from blocks.sql.canonical import document, moment
from blocks.sql.engine import reading, writing
from blocks.sql.insertion import Row, insert_new
from blocks.sql.tables import ALERTS

REQUIRED = ("key", "model", "type", "severity", "state", "opened_at")
COLUMNS = tuple(column.name for column in ALERTS.columns)


def save(engine: Engine, alert: Mapping[str, object]) -> None:
    """Keep an alert at its latest state, under its key; its other fields are kept as they are given."""
    row = _row(alert)
    with writing(engine, f"save alert {row['key']}", turn=f"alert {row['key']}") as connection:
        if not insert_new(connection, ALERTS, [row]):
            connection.execute(update(ALERTS).where(ALERTS.c.key == row["key"]).values(row))


def read(engine: Engine, model: str | None = None, open_only: bool = False) -> list[Row]:
    """Return alerts in the order they were opened; `open_only` leaves out resolved ones."""
    statement = select(ALERTS).order_by(ALERTS.c.opened_at, ALERTS.c.key)
    if model is not None:
        statement = statement.where(ALERTS.c.model == model)
    if open_only:
        statement = statement.where(ALERTS.c.state != "resolved")
    with reading(engine, "read the alerts") as connection:
        return [dict(row) for row in connection.execute(statement).mappings()]


def _row(alert: Mapping[str, object]) -> Row:
    missing = [name for name in REQUIRED if alert.get(name) is None]
    if missing:
        raise Refused(f"The alert lacks {', '.join(missing)}.", f"Give it {', '.join(REQUIRED)}.")
    opened_at = moment(alert["opened_at"], "opened_at")
    resolved_at = alert.get("resolved_at")
    return {
        "key": str(alert["key"]),
        "model": str(alert["model"]),
        "version": _text(alert.get("version")),
        "type": str(alert["type"]),
        "subject": _text(alert.get("subject")),
        "severity": str(alert["severity"]),
        "state": str(alert["state"]),
        "opened_at": opened_at,
        "updated_at": moment(alert.get("updated_at") or opened_at, "updated_at"),
        "resolved_at": None if resolved_at is None else moment(resolved_at, "resolved_at"),
        "body": document(alert),
    }


def _text(value: object) -> str | None:
    return None if value is None else str(value)
