"""Which rows a reader means by `since` and `until`."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement

from blocks.sql.canonical import moment

Bound = str | datetime | None


def within(
    slate: ColumnElement[str] | None, at: ColumnElement[datetime], since: Bound, until: Bound
) -> list[ColumnElement[bool]]:
    """Return the conditions of a span.

    A text names slates, both ends included; a moment bounds the row's own time, `since <= at < until`, so that `until`
    reads the store as it was known then. A table without slates takes ISO text as a moment.
    """
    conditions: list[ColumnElement[bool]] = []
    if isinstance(since, str) and slate is not None:
        conditions.append(slate >= since)
    elif since is not None:
        conditions.append(at >= moment(since, "since"))
    if isinstance(until, str) and slate is not None:
        conditions.append(slate <= until)
    elif until is not None:
        conditions.append(at < moment(until, "until"))
    return conditions
