"""Reports of the monitor and of the gates."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Engine, select

from blocks.errors import Refused
from blocks.sql.canonical import digest, document, moment
from blocks.sql.engine import reading, writing
from blocks.sql.insertion import Row, insert_new
from blocks.sql.tables import REPORTS

REQUIRED = ("model", "kind", "at")


def save(engine: Engine, report: Mapping[str, object]) -> bool:
    """Keep a report and say whether it was new; the same report again writes nothing."""
    missing = [name for name in REQUIRED if report.get(name) is None]
    if missing:
        raise Refused(f"The report lacks {', '.join(missing)}.", f"Give it {', '.join(REQUIRED)}.")
    version, verdict = report.get("version"), report.get("verdict")
    row: Row = {
        "model": str(report["model"]),
        "version": None if version is None else str(version),
        "kind": str(report["kind"]),
        "at": moment(report["at"], "at"),
        "verdict": None if verdict is None else str(verdict),
        "body": document(report),
        "digest": digest(report),
    }
    with writing(engine, f"save a {row['kind']} report of {row['model']}") as connection:
        return insert_new(connection, REPORTS, [row]) == 1


def read(engine: Engine, model: str, kind: str | None = None, limit: int | None = None) -> list[Row]:
    """Return the reports of a model, oldest first; `limit` keeps the newest."""
    columns = REPORTS.c
    statement = select(
        columns.id, columns.model, columns.version, columns.kind, columns.at, columns.verdict, columns.body
    )
    statement = statement.where(columns.model == model).order_by(columns.at.desc(), columns.id.desc()).limit(limit)
    if kind is not None:
        statement = statement.where(columns.kind == kind)
    with reading(engine, f"read the reports of {model}") as connection:
        return [dict(row) for row in reversed(connection.execute(statement).mappings().all())]
