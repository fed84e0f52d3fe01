"""Rows of the store as data frames: the columns and types are there even when no row is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from blocks.sql import alerts as _alerts
from blocks.sql import journal as _journal
from blocks.sql import outcomes as _outcomes
from blocks.sql import predictions as _predictions
from blocks.sql import publications as _publications
from blocks.sql.insertion import Row

if TYPE_CHECKING:
    from pandas import DataFrame

_MOMENTS = frozenset(
    {"locked_at", "deadline", "made_at", "tip_at", "recorded_at", "opened_at", "updated_at", "resolved_at", "at",
     "event_time", "published_at"}
)  # fmt: skip
_NUMBERS = frozenset({"p", "outcome", "latency_ms"})
_COUNTS = frozenset({"id", "revision", "window", "n", "bad", "answered", "slow"})
_CLAIMS = frozenset({"served"})


def rows(frame: DataFrame) -> list[Row]:
    """Return a frame's rows as dicts with column names as text."""
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


def slates(found: Sequence[Row]) -> DataFrame:
    """Return locked slates as a frame."""
    return _frame(found, ("slate", "locked_at", "deadline", "manifest"))


def predictions(found: Sequence[Row]) -> DataFrame:
    """Return seals as a frame."""
    return _frame(found, _predictions.COLUMNS)


def publications(found: Sequence[Row]) -> DataFrame:
    """Return published rows as a frame."""
    return _frame(found, _publications.COLUMNS)


def outcomes(found: Sequence[Row]) -> DataFrame:
    """Return results as a frame."""
    return _frame(found, _outcomes.COLUMNS)


def alerts(found: Sequence[Row]) -> DataFrame:
    """Return alerts as a frame."""
    return _frame(found, _alerts.COLUMNS)


def reports(found: Sequence[Row]) -> DataFrame:
    """Return reports as a frame."""
    return _frame(found, ("id", "model", "version", "kind", "at", "verdict", "body"))


def journal(found: Sequence[Row]) -> DataFrame:
    """Return journal rows as a frame."""
    return _frame(found, _journal.COLUMNS)


def request_counts(found: Sequence[Row]) -> DataFrame:
    """Return counted requests as a frame."""
    return _frame(found, ("window", "version", "served", "key", "n", "bad", "answered", "slow"))


def _frame(found: Sequence[Row], columns: Sequence[str]) -> DataFrame:
    import pandas as pd

    series = {name: [row.get(name) for row in found] for name in columns}
    kinds = {
        name: "object" if name == "p" and _over_classes(values) else _kind(name) for name, values in series.items()
    }
    frame = pd.DataFrame({name: pd.Series(values, dtype=kinds[name]) for name, values in series.items()})
    for name in _MOMENTS & set(columns):
        frame[name] = pd.to_datetime(frame[name], utc=True).astype("datetime64[us, UTC]")
    return frame


def _over_classes(values: Sequence[object]) -> bool:
    return any(isinstance(value, list) for value in values)


def _kind(name: str) -> str:
    if name in _NUMBERS:
        return "float64"
    if name in _COUNTS:
        return "int64"
    return "bool" if name in _CLAIMS else "object"
