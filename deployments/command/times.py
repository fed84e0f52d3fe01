"""Times and dates as people write them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import ParamSpec, TypeVar

import click

from tasks.rollout.refusal import BadInput

P = ParamSpec("P")
R = TypeVar("R")


def moment(text: str, field: str) -> datetime:
    """Return a moment written as ISO 8601 with its timezone, in UTC; raise BadInput for anything else.

    >>> moment("2019-01-05T19:00:00-05:00", "at").isoformat()
    '2019-01-06T00:00:00+00:00'
    """
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadInput(field, f"{text!r} is not a time; write it as 2019-01-05T19:00:00-05:00") from error
    if found.tzinfo is None:
        raise BadInput(field, f"{text} has no timezone; write it as {found.isoformat()}Z or with an offset")
    return found.astimezone(UTC)


def night(text: str | None, field: str = "date") -> str | None:
    """Return a calendar date as YYYY-MM-DD; raise BadInput for anything else.

    >>> night("2019-01-05")
    '2019-01-05'
    """
    if text is None:
        return None
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError as error:
        raise BadInput(field, f"{text!r} is not a date; write it as 2019-01-05") from error


def _read(field: str) -> Callable[[click.Context, click.Parameter, str | None], datetime | None]:
    return lambda context, parameter, text: None if text is None else moment(text, field)


def with_now(verb: Callable[P, R]) -> Callable[P, R]:
    """Give a verb the hidden option `--now`, for replays."""
    return click.option("--now", callback=_read("now"), hidden=True, help="The time, instead of the present.")(verb)


def until_option(verb: Callable[P, R]) -> Callable[P, R]:
    """Give a verb the required option `--until`, a time with its timezone."""
    said = "The end, with its timezone (ISO 8601)."
    return click.option("--until", metavar="TIME", callback=_read("until"), required=True, help=said)(verb)


def present(now: datetime | None) -> datetime:
    """Return the given moment, or the present one."""
    return now or datetime.now(UTC)
