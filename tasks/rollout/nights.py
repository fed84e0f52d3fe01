"""Nights: when one is closed, when its labels are overdue, and when its games stop steps up."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from tasks.rollout.policy import Freeze

OVER = frozenset({"final", "void", "moved"})


@dataclass(frozen=True, slots=True)
class Night:
    """A slate and what is known of it. date: US/Eastern; status: of each game's latest result, by unit."""

    date: str
    first_tip: datetime
    units: tuple[str, ...]
    status: dict[str, str]

    @property
    def open_units(self) -> tuple[str, ...]:
        """Return the games that are not final, void or moved to another night."""
        return tuple(unit for unit in self.units if self.status.get(unit) not in OVER)

    @property
    def closed(self) -> bool:
        """Return whether nothing of this night is open any more."""
        return not self.open_units


def closed_nights(nights: Iterable[Night]) -> tuple[str, ...]:
    """Return the dates of the closed nights, ascending."""
    return tuple(sorted(night.date for night in nights if night.closed))


def frozen(freeze: Freeze, nights: Iterable[Night], now: datetime) -> str:
    """Return why no step up may be taken now, or an empty text.

    Around a night: from `hours_before_first_tip` before its first tip-off until its labels are closed. In windows:
    pairs of ISO times, both ends included.
    """
    for start, end in freeze.windows:
        if datetime.fromisoformat(start) <= now <= datetime.fromisoformat(end):
            return f"a freeze window stands from {start} to {end}"
    if freeze.until == "never":
        return ""
    ahead = timedelta(hours=freeze.hours_before_first_tip)
    for night in nights:
        if not night.closed and night.first_tip - ahead <= now:
            return f"the night of {night.date} is under way: {len(night.open_units)} games have no final result"
    return ""
