"""Manifests of slates: locked once, then only revised."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, Engine, func, select

from blocks.errors import Conflict, NotFound
from blocks.sql.canonical import digest, document, moment
from blocks.sql.engine import reading, writing
from blocks.sql.insertion import Row, insert_new
from blocks.sql.span import Bound, within
from blocks.sql.tables import SLATES

Manifest = dict[str, object]


def lock(engine: Engine, model: str, slate: str, manifest: Mapping[str, object], at: datetime) -> Manifest:
    """Lock a slate's manifest if nobody has yet, and return the one in force, which may be another writer's."""
    with writing(engine, f"lock the manifest of slate {slate}", turn=f"slates {model}") as connection:
        insert_new(connection, SLATES, [_row(model, slate, 1, manifest, at)])
        return _in_force(connection, model, slate)[1]


def revise(engine: Engine, model: str, slate: str, manifest: Mapping[str, object], at: datetime) -> Manifest:
    """Append a revision and return it; the content already in force appends nothing.

    Raises NotFound for a slate that was never locked.
    """
    return exchange(engine, (model, slate), None, manifest, at)


def exchange(
    engine: Engine,
    key: tuple[str, str],
    expected: Mapping[str, object] | None,
    manifest: Mapping[str, object],
    at: datetime,
) -> Manifest:
    """Append a revision of the manifest of (model, slate) that was made from `expected`, and return it.

    Raises Conflict when another manifest is in force by now, and NotFound for a slate that was never locked.
    """
    model, slate = key
    with writing(engine, f"revise the manifest of slate {slate}", turn=f"slates {model}") as connection:
        revision, standing = _in_force(connection, model, slate)
        if revision == 0:
            raise NotFound(f"Slate {slate} of {model} has no manifest to revise.", "Lock one first: lock_manifest.")
        if expected is not None and digest(expected) != digest(standing):
            raise Conflict(f"The manifest of slate {slate} of {model} was revised meanwhile.", "Read it again.")
        if digest(manifest) != digest(standing):
            insert_new(connection, SLATES, [_row(model, slate, revision + 1, manifest, at)])
        return document(manifest)


def read(engine: Engine, model: str, slate: str) -> Manifest | None:
    """Return the manifest in force, None for a slate that was never locked."""
    with reading(engine, f"read the manifest of slate {slate}") as connection:
        revision, manifest = _in_force(connection, model, slate)
    return manifest if revision else None


def slates(engine: Engine, model: str, since: Bound = None, until: Bound = None) -> list[Row]:
    """Return slate, locked_at, deadline and manifest in force of every locked slate, in the order of slates."""
    newest = select(SLATES.c.slate, func.max(SLATES.c.revision).label("revision"))
    newest = newest.where(SLATES.c.model == model).group_by(SLATES.c.slate)
    chosen, first = newest.subquery(), SLATES.alias("first")
    statement = (
        select(SLATES.c.slate, first.c.written_at.label("locked_at"), SLATES.c.deadline, SLATES.c.manifest)
        .join(chosen, (SLATES.c.slate == chosen.c.slate) & (SLATES.c.revision == chosen.c.revision))
        .join(first, (first.c.slate == SLATES.c.slate) & (first.c.model == SLATES.c.model) & (first.c.revision == 1))
        .where(SLATES.c.model == model, *within(SLATES.c.slate, first.c.written_at, since, until))
        .order_by(SLATES.c.slate)
    )
    with reading(engine, f"list the slates of {model}") as connection:
        return [dict(row) for row in connection.execute(statement).mappings()]


def _in_force(connection: Connection, model: str, slate: str) -> tuple[int, Manifest]:
    statement = (
        select(SLATES.c.revision, SLATES.c.manifest)
        .where(SLATES.c.model == model, SLATES.c.slate == slate)
        .order_by(SLATES.c.revision.desc())
        .limit(1)
    )
    row = connection.execute(statement).first()
    return (0, {}) if row is None else (row.revision, row.manifest)


def _row(model: str, slate: str, revision: int, manifest: Mapping[str, object], at: datetime) -> Row:
    deadline = manifest.get("deadline")
    return {
        "model": model,
        "slate": slate,
        "revision": revision,
        "written_at": moment(at, "at"),
        "deadline": None if deadline is None else moment(deadline, "manifest.deadline"),
        "manifest": document(manifest),
        "digest": digest(manifest),
    }
