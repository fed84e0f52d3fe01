"""The clock of a replay: when a night of the past is scored, and when its morning comes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

EASTERN = ZoneInfo("America/New_York")
LEAD = timedelta(minutes=75)
MORNING = time(9, 30)


def noon(day: str) -> datetime:
    """Return 12:00 US/Eastern of a date, in UTC."""
    return datetime.combine(date.fromisoformat(day), time(12), EASTERN).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Night:
    """One night of the replay. before: the day before it, in the morning; scored: ahead of its first tip-off."""

    date: str
    first_tip: datetime

    @property
    def scored(self) -> datetime:
        """Return when the slate is scored."""
        return self.first_tip - LEAD

    @property
    def morning(self) -> datetime:
        """Return the morning after, when results are settled and the rollout is looked at."""
        after = date.fromisoformat(self.date) + timedelta(days=1)
        return datetime.combine(after, MORNING, EASTERN).astimezone(UTC)
