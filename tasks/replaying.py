"""Any past range of nights, played again with the clock of its time, and gone on with where it was stopped."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date as calendar
from datetime import timedelta

from blocks.platform import Platform
from blocks.store import Store
from tasks.calendar import Night, noon
from tasks.evidence import nights_of
from tasks.rollout.refusal import BadInput
from tasks.showing import tell_progress
from tasks.step import step

LONGEST = 400


@dataclass(frozen=True, slots=True)
class Range:
    """The nights of a range with games, and how many of them were played before, which are passed over."""

    nights: tuple[Night, ...]
    played: int

    @property
    def ahead(self) -> tuple[Night, ...]:
        """Return the nights that are still to be played."""
        return self.nights[self.played :]


def dates_between(since: str, until: str) -> Iterator[str]:
    """Yield every calendar date of a range, both ends included; raise BadInput for a range that is none.

    >>> list(dates_between("2019-02-27", "2019-03-01"))
    ['2019-02-27', '2019-02-28', '2019-03-01']
    """
    try:
        first, last = calendar.fromisoformat(since), calendar.fromisoformat(until)
    except ValueError as fault:
        raise BadInput("since", f"{since} to {until} are not dates; write them as 2019-01-05") from fault
    days = (last - first).days
    if not 0 <= days <= LONGEST:
        raise BadInput("until", f"from {since} to {until} are {days} days; name a range of 0 to {LONGEST}")
    return ((first + timedelta(days=day)).isoformat() for day in range(days + 1))


def night_on(platform: Platform, date: str) -> Night | None:
    """Return the night of a date as its source announced it that morning, None without games."""
    games = platform.source.slate(date, noon(date).replace(hour=5))
    games = games[games["status"] != "void"]
    return Night(date, games["tip"].min().to_pydatetime()) if len(games) else None


def played_of(store: Store, model: str, nights: tuple[Night, ...]) -> int:
    """Return how many nights need not be played again: all before the last one that was begun.

    That one is played once more, which changes nothing where it was whole: every step of a night is safe to repeat.
    """
    if not nights:
        return 0
    slates = store.slates(model, since=nights[0].date, until=nights[-1].date)
    begun = {night.date for night in nights_of(slates, store.outcomes(model, since=nights[0].date))}
    return max([number for number, night in enumerate(nights) if night.date in begun], default=0)


@step("find the nights of the range")
def nights_between(platform: Platform, model: str, since: str, until: str) -> Range:
    """Return the nights of a range, and how many of them were played before."""
    found = tuple(night for date in dates_between(since, until) if (night := night_on(platform, date)) is not None)
    return Range(found, played_of(platform.store, model, found))


def tell_night(nights: Range, number: int, night: Night) -> None:
    """Say that a night of the range is over."""
    tell_progress(f"replay {nights.nights[0].date}", nights.played + number, len(nights.nights), night.date)


@step("sum up the range")
def sum_up(platform: Platform, model: str, nights: Range) -> dict[str, object]:
    """Return the nights and games of a range, and how well the forecasts that were served did."""
    dates = [night.date for night in nights.nights]
    if not dates:
        return {"nights": 0, "played": 0, "games": 0, "labelled": 0, "brier": None}
    published = platform.store.publications(model, dates)
    known = platform.store.outcomes(model, since=dates[0])
    both = published.merge(known[known["status"] == "final"], on=["slate", "unit"])
    both = both[both["p"].notna()]
    brier = float(((both["p"] - both["outcome"]) ** 2).mean()) if len(both) else None
    return {
        "nights": len(dates),
        "played": len(nights.ahead),
        "games": int(published["p"].notna().sum()),
        "labelled": len(both),
        "brier": brier,
    }
