"""Results, with a revision for every change of content."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, Engine, Select, func, select

from blocks.errors import Refused
from blocks.sql.canonical import digest, mapping, moment, number
from blocks.sql.engine import reading, writing
from blocks.sql.insertion import Row, insert_new
from blocks.sql.span import Bound, within
from blocks.sql.tables import OUTCOMES

STATUSES = ("final", "void", "moved", "scheduled")
COLUMNS = ("unit", "slate", "revision", "status", "outcome", "details", "recorded_at")


def record(engine: Engine, model: str, rows: Sequence[Mapping[str, object]], at: datetime) -> list[Row]:
    """Append a revision for every result whose content is new and return those revisions, in the order of units.

    Content is status, outcome and details; the same content again writes nothing. A unit may stand in two slates: it
    is `moved` in the night it left and has its result in the night it was played.
    """
    given = _distinct([_content(row) for row in rows])
    recorded_at = moment(at, "at")
    with writing(engine, f"record outcomes of {model}", turn=f"outcomes {model}") as connection:
        standing = _standing(connection, model, sorted({str(row["slate"]) for row in given}))
        changed: list[Row] = []
        for row in given:
            revision, known = standing.get((str(row["slate"]), str(row["unit"])), (0, ""))
            if known != row["digest"]:
                changed.append({**row, "model": model, "revision": revision + 1, "recorded_at": recorded_at})
        insert_new(connection, OUTCOMES, changed)
    return [{name: row[name] for name in COLUMNS} for row in changed]


def read(engine: Engine, model: str, since: Bound = None, until: Bound = None, latest: bool = True) -> list[Row]:
    """Return the results of a model, one row per slate and unit at its highest revision, or every revision.

    `until` as a moment reads what was known then: a later correction does not show.
    """
    columns = OUTCOMES.c
    known = within(columns.slate, columns.recorded_at, None, until)
    statement = select(*(columns[name] for name in COLUMNS)).where(columns.model == model, *known)
    if latest:
        statement = _only_latest(statement, model, until)
    statement = statement.where(*within(columns.slate, columns.recorded_at, since, None))
    statement = statement.order_by(columns.slate, columns.unit, columns.revision)
    with reading(engine, f"read the outcomes of {model}") as connection:
        return [dict(row) for row in connection.execute(statement).mappings()]


def _only_latest(statement: Select[tuple[object, ...]], model: str, until: Bound) -> Select[tuple[object, ...]]:
    columns = OUTCOMES.c
    newest = (
        select(columns.slate, columns.unit, func.max(columns.revision).label("revision"))
        .where(columns.model == model, *within(columns.slate, columns.recorded_at, None, until))
        .group_by(columns.slate, columns.unit)
        .subquery()
    )
    same = (columns.slate == newest.c.slate) & (columns.unit == newest.c.unit) & (columns.revision == newest.c.revision)
    return statement.join(newest, same)


def _standing(connection: Connection, model: str, slates: Sequence[str]) -> dict[tuple[str, str], tuple[int, str]]:
    columns = OUTCOMES.c
    statement = (
        select(columns.slate, columns.unit, columns.revision, columns.digest)
        .where(columns.model == model, columns.slate.in_(slates))
        .order_by(columns.revision)
    )
    return {(row.slate, row.unit): (row.revision, row.digest) for row in connection.execute(statement)}


def _content(row: Mapping[str, object]) -> Row:
    missing = [name for name in ("unit", "slate", "status") if name not in row]
    if missing:
        raise Refused(f"An outcome lacks {', '.join(missing)}.", "Pass unit, slate, status, outcome and details.")
    unit, status = str(row["unit"]), str(row["status"])
    outcome = number(row.get("outcome"), f"outcome of {unit}")
    if status not in STATUSES:
        raise Refused(f"The status of {unit} is {status!r}.", f"Use one of {', '.join(STATUSES)}.")
    if (status == "final") != (outcome is not None):
        raise Refused(f"{unit} is {status} with the outcome {outcome}.", "A final unit has an outcome, no other has.")
    details = mapping(row.get("details"), f"details of {unit}")
    content: Row = {"slate": str(row["slate"]), "unit": unit, "status": status, "outcome": outcome, "details": details}
    return {**content, "digest": digest([status, outcome, details])}


def _distinct(rows: Sequence[Row]) -> list[Row]:
    found: dict[tuple[str, str], Row] = {}
    for row in rows:
        key = str(row["slate"]), str(row["unit"])
        if found.setdefault(key, row)["digest"] != row["digest"]:
            raise Refused(f"{key[1]} has two different outcomes in one call.", "Set one of them aside first.")
    return [found[key] for key in sorted(found)]
