"""What people were given of a slate, with a revision for every change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, Engine, func, select

from blocks.sql.canonical import digest, moment, number
from blocks.sql.engine import reading, writing
from blocks.sql.insertion import Row, insert_new
from blocks.sql.tables import PUBLICATIONS

COLUMNS = tuple(column.name for column in PUBLICATIONS.columns if column.name not in ("model", "digest"))


def publish(engine: Engine, model: str, slate: str, rows: Sequence[Mapping[str, object]], at: datetime) -> int:
    """Append a revision for every game whose row is new and return how many those were.

    rows: `game_id, home, away, tip, p_home, version, role, made_at, left_out`, None where there is nothing to say.
    """
    given = {str(row["game_id"]): _content(row) for row in rows}
    published_at = moment(at, "at")
    with writing(engine, f"publish slate {slate} of {model}", turn=f"publications {model}") as connection:
        known = _standing(connection, model, slate)
        fresh: list[Row] = []
        for unit in sorted(given):
            revision, said = known.get(unit, (0, ""))
            sha = digest(given[unit])
            if sha != said:
                key: Row = {"model": model, "slate": slate, "unit": unit, "revision": revision + 1}
                fresh.append({**key, **given[unit], "published_at": published_at, "digest": sha})
        return insert_new(connection, PUBLICATIONS, fresh)


def read(engine: Engine, model: str, slates: Sequence[str] | None = None, latest: bool = True) -> list[Row]:
    """Return published rows, a row per slate and unit at its highest revision, or every revision."""
    columns = PUBLICATIONS.c
    statement = select(*(columns[name] for name in COLUMNS)).where(columns.model == model)
    if slates is not None:
        statement = statement.where(columns.slate.in_(list(slates)))
    statement = statement.order_by(columns.slate, columns.unit, columns.revision)
    with reading(engine, f"read the publications of {model}") as connection:
        found = [dict(row) for row in connection.execute(statement).mappings()]
    return list({(row["slate"], row["unit"]): row for row in found}.values()) if latest else found


def _standing(connection: Connection, model: str, slate: str) -> dict[str, tuple[int, str]]:
    columns = PUBLICATIONS.c
    newest = select(columns.unit, func.max(columns.revision).label("revision"))
    newest = newest.where(columns.model == model, columns.slate == slate).group_by(columns.unit)
    chosen = newest.subquery()
    statement = (
        select(columns.unit, columns.revision, columns.digest)
        .join(chosen, (columns.unit == chosen.c.unit) & (columns.revision == chosen.c.revision))
        .where(columns.model == model, columns.slate == slate)
    )
    return {row.unit: (row.revision, row.digest) for row in connection.execute(statement)}


def _content(row: Mapping[str, object]) -> Row:
    unit = row["game_id"]
    texts = {name: _text(row.get(name)) for name in ("home", "away", "version", "role", "left_out")}
    times = {"tip_at": _time(row.get("tip"), f"tip of {unit}"), "made_at": _time(row.get("made_at"), f"made_at {unit}")}
    return {**texts, **times, "p": number(row.get("p_home"), f"p_home of {unit}")}


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _time(value: object, field: str) -> datetime | None:
    return None if value is None else moment(value, field)
