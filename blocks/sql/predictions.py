"""Seals: forecasts written once, before tip-off."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Engine, select

from blocks.errors import Refused
from blocks.sql.canonical import mapping, moment, number
from blocks.sql.engine import reading, writing
from blocks.sql.insertion import Row, insert_new
from blocks.sql.span import Bound, within
from blocks.sql.tables import PREDICTIONS

COLUMNS = ("id", "slate", "unit", "version", "role", "served", "p", "made_at", "tip_at", "features")


def seal(engine: Engine, model: str, rows: Sequence[Mapping[str, object]]) -> int:
    """Seal forecasts and return how many were new: all of the call or none.

    A seal that stands is left as it is, whatever the new row says. A p that is not finite is kept as missing. Raises
    Refused, and writes nothing, if any forecast was made at or after its tip-off.
    """
    sealed = sorted((_row(model, row) for row in rows), key=_key)
    late = [f"{row['unit']} of version {row['version']}" for row in sealed if not _in_time(row)]
    if late:
        raise Refused(
            f"{len(late)} of {len(sealed)} forecasts were made at or after tip-off: {', '.join(late[:5])}.",
            "Leave out games that have begun, and seal the rest.",
        )
    with writing(engine, f"seal forecasts of {model}") as connection:
        return insert_new(connection, PREDICTIONS, sealed)


def read(
    engine: Engine,
    model: str,
    versions: Sequence[str] | None = None,
    slates: Sequence[str] | None = None,
    span: tuple[Bound, Bound] = (None, None),
) -> list[Row]:
    """Return the seals of a model, oldest first; `span` is since and until."""
    columns = PREDICTIONS.c
    statement = select(*(columns[name] for name in COLUMNS), columns.shares).where(
        columns.model == model, *within(columns.slate, columns.made_at, *span)
    )
    if versions is not None:
        statement = statement.where(columns.version.in_([str(version) for version in versions]))
    if slates is not None:
        statement = statement.where(columns.slate.in_(list(slates)))
    statement = statement.order_by(columns.made_at, columns.id)
    with reading(engine, f"read the forecasts of {model}") as connection:
        return [_whole(dict(row)) for row in connection.execute(statement).mappings()]


def _whole(row: Row) -> Row:
    """Return a seal whose p is a number, or a list where it was made over classes."""
    shares = row.pop("shares")
    return row if shares is None else row | {"p": shares}


def _row(model: str, row: Mapping[str, object]) -> Row:
    missing = [name for name in COLUMNS[1:-1] if name not in row]
    if missing:
        raise Refused(f"A forecast lacks {', '.join(missing)}.", f"Pass {', '.join(COLUMNS[1:])}.")
    return {
        "model": model,
        "slate": str(row["slate"]),
        "unit": str(row["unit"]),
        "version": str(row["version"]),
        "role": str(row["role"]),
        "served": bool(row["served"]),
        **_forecast(row["p"], f"p of {row['unit']}"),
        "made_at": moment(row["made_at"], f"made_at of {row['unit']}"),
        "tip_at": moment(row["tip_at"], f"tip_at of {row['unit']}"),
        "features": mapping(row.get("features"), f"features of {row['unit']}"),
    }


def _forecast(p: object, field: str) -> Row:
    if isinstance(p, Iterable) and not isinstance(p, str) and getattr(p, "ndim", 1) != 0:
        return {"p": None, "shares": [number(share, field) for share in p]}
    return {"p": number(p, field), "shares": None}


def _key(row: Row) -> tuple[str, str, str, str]:
    return str(row["slate"]), str(row["unit"]), str(row["version"]), str(row["made_at"])


def _in_time(row: Row) -> bool:
    made_at, tip_at = row["made_at"], row["tip_at"]
    return isinstance(made_at, datetime) and isinstance(tip_at, datetime) and made_at < tip_at
