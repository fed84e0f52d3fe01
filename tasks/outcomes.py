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
from tasks.gates import DataGate, GateFailed, ask
from tasks.rollout.nights import Night
from tasks.rollout.refusal import BadInput
from tasks.showing import warn
from tasks.step import step

if TYPE_CHECKING:
    import pandas as pd

LOOK_BACK = timedelta(days=3)
"""Closed nights that are read again for corrections."""


@dataclass(frozen=True, slots=True)
class Settled:
    """What a settling changed: new revisions by status, and the nights that stand closed or open afterwards.

    set_aside: results that were not recorded, each with its reason. corrections: results that replace earlier ones.
    """

    revisions: dict[str, int]
    corrected: int
    closed: tuple[str, ...]
    open: tuple[str, ...]
    set_aside: tuple[dict[str, str], ...] = ()
    corrections: tuple[dict[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Results:
    """The results of some nights as far as they passed their gate, what was set aside, and the nights that failed."""

    nights: Mapping[str, pd.DataFrame]
    set_aside: tuple[dict[str, str], ...] = ()
    failed: tuple[GateFailed, ...] = ()


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


def strangers(night: Night, games: pd.DataFrame) -> list[dict[str, str]]:
    """Return the final results of games that the night's manifest does not list, with the reason."""
    final = games[games["status"] == "final"]["game_id"].astype(str) if len(games) else ()
    why = f"a result without a game: the slate of {night.date} does not list it"
    return [{"slate": night.date, "game_id": unit, "why": why} for unit in final if unit not in night.units]


def _row(night: Night, unit: str, game: Mapping[Hashable, Any]) -> dict[str, object]:
    row: dict[str, object] = {"unit": unit, "slate": night.date, "status": game["status"], "outcome": None}
    if game["status"] == "moved":
        return row | {"details": {"to": game["moved_to"]}}
    if game["status"] != "final":
        return row | {"details": None}
    home, away = float(game["home_pts"]), float(game["away_pts"])
    overtimes = game.get("overtimes")
    extra = {"overtimes": float(overtimes)} if isinstance(overtimes, int | float) and overtimes > 0 else {}
    return row | {"outcome": float(home > away), "details": {"home_pts": home, "away_pts": away, **extra}}


def gated(
    platform: Platform, gate: DataGate, frames: Mapping[str, pd.DataFrame], context: Mapping[str, object] | None
) -> Results:
    """Return the results that pass their suite: all nights at once, else each night by itself.

    A night that fails by itself is kept out whole and stays open; the others go on. Rows of games that moved to another
    night carry no result and are passed on as they are.
    """
    told = {night: frame[frame["status"] != "moved"] for night, frame in frames.items()}
    full = {night: frame for night, frame in told.items() if len(frame)}
    if not full:
        return Results(dict(frames))
    failed: list[GateFailed] = []
    try:
        good, aside = _asked(platform, gate, full, context)
    except GateFailed:
        good, aside, failed = _each(platform, gate, full, context)
    moved = {night: frame[frame["status"] == "moved"] for night, frame in frames.items()}
    return Results({night: _joined(good.get(night), moved[night]) for night in frames}, tuple(aside), tuple(failed))


def _asked(
    platform: Platform, gate: DataGate, nights: Mapping[str, pd.DataFrame], context: Mapping[str, object] | None
) -> tuple[dict[str, pd.DataFrame], list[dict[str, str]]]:
    import pandas as pd

    table = pd.concat([frame.assign(_night=night) for night, frame in nights.items()], ignore_index=True)
    passed = ask(platform, gate, table.drop(columns="_night"), context)
    night_of = dict(zip(table["game_id"].astype(str), table["_night"], strict=True))
    aside = [{"slate": night_of.get(unit, ""), "game_id": unit, "why": why} for unit, why in passed.why.items()]
    good = passed.frame.assign(_night=table["_night"])
    return {night: good[good["_night"] == night].drop(columns="_night") for night in nights}, aside


def _each(
    platform: Platform, gate: DataGate, nights: Mapping[str, pd.DataFrame], context: Mapping[str, object] | None
) -> tuple[dict[str, pd.DataFrame], list[dict[str, str]], list[GateFailed]]:
    good: dict[str, pd.DataFrame] = {}
    aside: list[dict[str, str]] = []
    failed: list[GateFailed] = []
    for night, frame in nights.items():
        try:
            passed, out = _asked(platform, gate, {night: frame}, context)
        except GateFailed as error:
            failed.append(error)
        else:
            good |= passed
            aside += out
    return good, aside, failed


def _joined(good: pd.DataFrame | None, moved: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd

    return moved if good is None else pd.concat([good, moved])


@step("find the open nights")
def open_nights(platform: Platform, model: str, now: datetime, date: str | None = None) -> tuple[Night, ...]:
    """Return the nights that wait for results, and the latest closed ones; or the one of a date alone."""
    return nights_to_settle(platform.store, model, now) if date is None else night_of_date(platform.store, model, date)


@step("read the results")
def read_results(platform: Platform, nights: Iterable[Night], now: datetime) -> dict[str, pd.DataFrame]:
    """Return the results of every night's date as they are known now."""
    return {night.date: platform.source.results(night.date, now) for night in nights}


@step("data gate of all nights", shown_as="gate {gate.name}")
def must_pass_by_night(
    platform: Platform,
    gate: DataGate,
    frames: Mapping[str, pd.DataFrame],
    context: Mapping[str, object] | None = None,
) -> Results:
    """Hold the results of several nights against their suite; leave the page, and set aside what does not pass."""
    found = gated(platform, gate, frames, context)
    for one in found.set_aside:
        warn(f"{gate.suite}: {one['slate']} {one['game_id']} is set aside: {one['why']}")
    return found


@step("record the results")
def record_results(
    platform: Platform, model: str, nights: tuple[Night, ...], results: Results, now: datetime
) -> Settled:
    """Write a revision for every result that is new or was corrected, and say which nights are closed.

    Raises GateFailed afterwards for a night that failed its gate whole: the others are recorded by then.
    """
    rows = [row for night in nights for row in outcome_rows(night, results.nights[night.date])]
    aside = [one for night in nights for one in strangers(night, results.nights[night.date])]
    done = record(platform.store, model, rows, (*results.set_aside, *aside), now)
    if results.failed:
        raise results.failed[0]
    return done


def record(
    store: Store, model: str, rows: list[dict[str, object]], aside: Iterable[dict[str, str]], now: datetime
) -> Settled:
    """Write the rows that are new or corrected, and return what changed and which nights are closed."""
    import pandas as pd

    fresh = store.record_outcomes(model, pd.DataFrame(rows), now) if rows else pd.DataFrame()
    after = nights_of(store.slates(model, until=through(now)), store.outcomes(model))
    begun = [night for night in after if night.first_tip <= now]
    statuses = Counter(map(str, fresh["status"])) if len(fresh) else Counter[str]()
    again = fresh[fresh["revision"] > 1].to_dict("records") if len(fresh) else []
    corrections = tuple(
        {"slate": str(row["slate"]), "game_id": str(row["unit"]), "now": _told(row), "revision": str(row["revision"])}
        for row in again
    )
    return Settled(
        revisions=dict(statuses),
        corrected=len(corrections),
        closed=tuple(night.date for night in begun if night.closed),
        open=tuple(night.date for night in begun if not night.closed),
        set_aside=tuple(aside),
        corrections=corrections,
    )


def _told(row: Mapping[Hashable, Any]) -> str:
    return f"{row['status']} {row['outcome']:g}" if row["status"] == "final" else str(row["status"])
