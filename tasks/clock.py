"""The one place where a flow may look at the clock; everything below is told the time."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from tasks.rollout.refusal import BadInput

EASTERN = ZoneInfo("America/New_York")


def moment(now: datetime | None) -> datetime:
    """Return the given moment in UTC, or the present one; raise BadInput for a time without its zone."""
    if now is None:
        return datetime.now(UTC)
    if now.tzinfo is None:
        raise BadInput("now", f"{now.isoformat()} has no timezone; write it with one, such as {now.isoformat()}Z")
    return now.astimezone(UTC)


def night_of(at: datetime) -> str:
    """Return the US/Eastern calendar date of a moment.

    >>> night_of(datetime(2019, 1, 5, 3, 30, tzinfo=UTC))
    '2019-01-04'
    """
    return at.astimezone(EASTERN).date().isoformat()
