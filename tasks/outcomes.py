"""Results in: nights closed, corrections recorded, nothing lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from blocks.platform import Platform
from blocks.store import Store
from tasks.evidence import nights_of, through
from tasks.rollout.nights import Night
from tasks.rollout.refusal import BadInput
from tasks.step import step

if TYPE_CHECKING:
    import pandas as pd

LOOK_BACK = timedelta(days=3)
"""Closed nights that are read again for corrections."""


@dataclass(frozen=True, slots=True)
class Settled:
    """What a settling changed: new revisions by status, and the nights that stand closed or open afterwards."""

    revisions: dict[str, int]
    corrected: int
    closed: tuple[str, ...]
    open: tuple[str, ...]


def nights_to_settle(store: Store, model: str, now: datetime) -> tuple[Night, ...]:
    """Return the nights that have begun and are open, and the latest closed ones, whose results may be corrected."""
    nights = nights_of(store.slates(model, until=through(now)), store.outcomes(model))
    recent = now - LOOK_BACK
    return tuple(night for night in nights if night.first_tip <= now and (not night.closed or night.first_tip > recent))


def night_of_date(store: Store, model: str, date: str) -> tuple[Night, ...]:
    """Return the night of a date; raise BadInput when no slate was locked for it."""
    nights = nights_of(store.slates(model, since=date, until=date), store.outcomes(model))
    if not nights:
        raise BadInput("date", f"no slate of {model} was locked for {date}; nothing waits for results there")
    return nights


def outcome_rows(night: Night, games: pd.DataFrame) -> list[dict[str, object]]:
    """Return a row per game of a night that is over: final with 1 for a home win, void, or moved to another date.

    games: the results of the night's date as a source gives them.
    """
    known = {str(game["game_id"]): game for game in games.to_dict("records")}
    rows = [_row(night, unit, known[unit]) for unit in night.units if unit in known]
    return [row for row in rows if row["status"] != "scheduled"]


def _row(night: Night, unit: str, game: Mapping[Hashable, Any]) -> dict[str, object]:
    row: dict[str, object] = {"unit": unit, "slate": night.date, "status": game["status"], "outcome": None}
    if game["status"] == "moved":
        return row | {"details": {"to": game["moved_to"]}}
    if game["status"] != "final":
        return row | {"details": None}
    home, away = float(game["home_pts"]), float(game["away_pts"])
    return row | {"outcome": float(home > away), "details": {"home_pts": home, "away_pts": away}}


@step("find the open nights")
def open_nights(platform: Platform, model: str, now: datetime, date: str | None = None) -> tuple[Night, ...]:
    """Return the nights that wait for results, and the latest closed ones; or the one of a date alone."""
    return nights_to_settle(platform.store, model, now) if date is None else night_of_date(platform.store, model, date)


@step("read the results")
def read_results(platform: Platform, nights: Iterable[Night], now: datetime) -> dict[str, pd.DataFrame]:
    """Return the results of every night's date as they are known now."""
    return {night.date: platform.source.results(night.date, now) for night in nights}


@step("record the results")
def record_results(
    platform: Platform, model: str, nights: tuple[Night, ...], results: Mapping[str, pd.DataFrame], now: datetime
) -> Settled:
    """Write a revision for every result that is new or was corrected, and say which nights are closed."""
    import pandas as pd

    rows = [row for night in nights for row in outcome_rows(night, results[night.date])]
    fresh = platform.store.record_outcomes(model, pd.DataFrame(rows), now) if rows else pd.DataFrame()
    after = nights_of(platform.store.slates(model, until=through(now)), platform.store.outcomes(model))
    begun = [night for night in after if night.first_tip <= now]
    statuses = Counter(map(str, fresh["status"])) if len(fresh) else Counter[str]()
    return Settled(
        revisions=dict(statuses),
        corrected=int((fresh["revision"] > 1).sum()) if len(fresh) else 0,
        closed=tuple(night.date for night in begun if night.closed),
        open=tuple(night.date for night in begun if not night.closed),
    )
