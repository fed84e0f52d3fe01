"""The league's calendar: nights are US Eastern dates, tip-offs are moments in UTC."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from datetime import date as calendar
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np

from blocks.errors import Refused

if TYPE_CHECKING:
    import pandas as pd

EASTERN = ZoneInfo("America/New_York")
DEFAULT_TIP = 19 * 60
FINAL_AFTER = timedelta(hours=3)
CLOCK = re.compile(r"(\d{1,2}):(\d{2})\s*(?:([ap])\.?m\.?)?", re.IGNORECASE)


def night_of(now: datetime) -> str:
    """Return the US Eastern calendar date of a moment.

    >>> night_of(datetime(2026, 1, 6, 3, 30, tzinfo=UTC))
    '2026-01-05'
    """
    return aware(now).astimezone(EASTERN).date().isoformat()


def calendar_date(date: str) -> str:
    """Return a date as YYYY-MM-DD; raises Refused for what is none.

    >>> calendar_date("2026-01-05")
    '2026-01-05'
    """
    try:
        return calendar.fromisoformat(date).isoformat()
    except ValueError as fault:
        raise Refused(f"{date!r} is no date.", "Write it as YYYY-MM-DD.") from fault


def aware(now: datetime) -> datetime:
    """Return a moment in UTC; raises Refused for one without a timezone, which could be any of 24 hours."""
    if now.tzinfo is None:
        raise Refused(f"the moment {now.isoformat()} has no timezone.", "Pass one in UTC.")
    return now.astimezone(UTC)


def microseconds(now: datetime) -> int:
    """Return a moment as microseconds since 1970, exactly."""
    return (aware(now) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def minutes_of(clock: str) -> int | None:
    """Return the minutes after midnight of a clock time such as "7:00 pm" or "19:00", or None for no such time.

    >>> minutes_of("7:30 pm"), minutes_of("12:00 am"), minutes_of("22:30"), minutes_of("7:75 pm"), minutes_of("")
    (1170, 0, 1350, None, 1140)
    """
    if not clock.strip():
        return DEFAULT_TIP
    found = CLOCK.fullmatch(clock.strip())
    if found is None:
        return None
    hour, minute, half = int(found[1]), int(found[2]), (found[3] or "").lower()
    if minute > 59 or hour > (12 if half else 23) or (half and hour == 0):
        return None
    return (hour % 12 + 12 * (half == "p") if half else hour) * 60 + minute


def tips(dates: pd.Series, minutes: np.ndarray) -> pd.Series:
    """Return tip-offs in UTC from US Eastern dates and minutes after midnight.

    A time that the clock skips in spring is moved to the hour after; one that comes twice in autumn is the first.
    """
    import pandas as pd

    local = pd.to_datetime(dates, format="%Y-%m-%d").dt.as_unit("us") + pd.to_timedelta(minutes, unit="min")
    there = local.dt.tz_localize("America/New_York", ambiguous=np.ones(len(local), bool), nonexistent="shift_forward")
    return there.dt.tz_convert("UTC").dt.as_unit("us").rename("tip")
