"""The gateway's journal, once it has been shipped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BigInteger, ColumnElement, Engine, Integer, case, cast, extract, func, select

from blocks.errors import Refused
from blocks.sql.canonical import mapping, moment, number, plain
from blocks.sql.copying import copy_new
from blocks.sql.engine import reading, writing
from blocks.sql.insertion import Row, insert_new
from blocks.sql.span import Bound, within
from blocks.sql.tables import JOURNAL

WINDOW_S = 300
REQUIRED = ("model", "request_id", "version", "at")
COLUMNS = (
    "request_id", "key", "model", "version", "role", "served", "features", "output", "latency_ms", "error", "at",
    "event_time",
)  # fmt: skip


def ship(engine: Engine, rows: Sequence[Mapping[str, object]]) -> int:
    """Keep journal rows and return how many were new; a request and version shipped before is left as it is."""
    shipped = sorted((_row(row) for row in rows), key=lambda row: (str(row["request_id"]), str(row["version"])))
    insert = copy_new if engine.dialect.name == "postgresql" else insert_new
    with writing(engine, "ship the journal") as connection:
        return insert(connection, JOURNAL, shipped)


def read(engine: Engine, model: str, since: Bound = None, until: Bound = None, limit: int | None = None) -> list[Row]:
    """Return journal rows by event time, oldest first; `limit` keeps the newest."""
    columns = JOURNAL.c
    statement = (
        select(*(columns[name] for name in COLUMNS))
        .where(columns.model == model, *within(None, columns.event_time, since, until))
        .order_by(columns.event_time.desc(), columns.request_id.desc(), columns.version.desc())
        .limit(limit)
    )
    with reading(engine, f"read the journal of {model}") as connection:
        return [dict(row) for row in reversed(connection.execute(statement).mappings().all())]


@dataclass(frozen=True, slots=True)
class Counted:
    """What is counted: the versions, the latency over which an answer is slow, and whether each routing key alone."""

    versions: tuple[str, ...]
    slow_ms: float
    by_key: bool


def counts(engine: Engine, model: str, counted: Counted, since: Bound, until: Bound) -> list[Row]:
    """Return requests, errors, answers and slow answers of versions per window of five minutes, served or not.

    What the breaker writes about itself is no request.
    """
    columns = JOURNAL.c
    window = _window(engine, columns.event_time).label("window")
    keys = [columns.version, columns.served, *([columns.key] if counted.by_key else [])]
    answered = columns.error.is_(None)
    sums = {"bad": ~answered, "answered": answered, "slow": answered & (columns.latency_ms > counted.slow_ms)}
    statement = (
        select(
            window,
            *keys,
            func.count().label("n"),
            *(func.sum(case((claim, 1), else_=0)).label(name) for name, claim in sums.items()),
        )
        .where(columns.model == model, columns.role != "breaker", columns.version.in_(counted.versions))
        .where(*within(None, columns.event_time, since, until))
        .group_by(window, *keys)
        .order_by(window, *keys)
    )
    with reading(engine, f"count the requests of {model}") as connection:
        return [dict(row) for row in connection.execute(statement).mappings()]


def _window(engine: Engine, at: ColumnElement[datetime]) -> ColumnElement[int]:
    if engine.dialect.name == "postgresql":
        return cast(func.floor(extract("epoch", at) / WINDOW_S), BigInteger)
    return cast(func.strftime("%s", at), Integer) // WINDOW_S


def _row(row: Mapping[str, object]) -> Row:
    missing = [name for name in REQUIRED if row.get(name) is None]
    if missing:
        raise Refused(f"A journal row lacks {', '.join(missing)}.", f"Give it {', '.join(REQUIRED)}.")
    key, error = row.get("key"), row.get("error")
    return {
        "model": str(row["model"]),
        "request_id": str(row["request_id"]),
        "version": str(row["version"]),
        "key": None if key is None else str(key),
        "role": str(row.get("role") or ""),
        "served": bool(row.get("served", True)),
        "features": mapping(row.get("features"), "features"),
        "output": plain(row.get("output")),
        "latency_ms": number(row.get("latency_ms"), "latency_ms"),
        "error": None if error is None else str(error),
        "at": moment(row["at"], "at"),
        "event_time": moment(row.get("event_time") or row["at"], "event_time"),
    }
