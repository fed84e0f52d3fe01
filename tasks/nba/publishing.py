"""What the league says about a game and when: rows for a file drop, with the troubles of a real feed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

    from tasks.nba.regimes import Regime

CORRECTED_AFTER = 2
WITHIN = 60
HOUR_TOLD = 16
RESULT = ("home_pts", "away_pts", "overtimes", "late_news")


@dataclass(frozen=True, slots=True)
class Troubles:
    """Mark the games that were put off (with their new day, else -1), called off, corrected and told twice."""

    moved_to: np.ndarray
    called_off: np.ndarray
    corrected: np.ndarray
    told_twice: np.ndarray


def troubles(
    day: np.ndarray, sides: tuple[np.ndarray, np.ndarray], regime: Regime, rng: np.random.Generator
) -> Troubles:
    """Return which games meet trouble; a game that no later day has room for is never played."""
    off, put_right, twice = rng.spawn(3)
    count = len(day)
    order = off.permutation(count)
    postponed, cancelled = round(regime.postponed * count), round(regime.never_played * count)
    moved_to = np.full(count, -1)
    called_off = np.zeros(count, dtype=bool)
    called_off[order[postponed : postponed + cancelled]] = True
    busy = [set(zip(day.tolist(), side.tolist(), strict=True)) for side in sides]
    taken = busy[0] | busy[1]
    for game in sorted(order[:postponed].tolist()):
        pair = [int(side[game]) for side in sides]
        free = next((later for later in _later(int(day[game])) if not taken & {(later, team) for team in pair}), None)
        if free is None:
            called_off[game] = True
        else:
            moved_to[game] = free
            taken |= {(free, team) for team in pair}
    played = ~called_off
    return Troubles(
        moved_to,
        called_off,
        played & (put_right.random(count) < regime.corrected),
        twice.random(count) < regime.duplicated,
    )


def publish(games: pd.DataFrame, met: Troubles, day: np.ndarray, rng: np.random.Generator) -> pd.DataFrame:
    """Return the rows that a drop holds of a season's games, in the order of their dates.

    games: the truth, one row a game, on the days that were planned. A moved or cancelled game is first scheduled, then
    told again with `known_at` on the day; a corrected one is first told with a wrong score; a blank `known_at` says
    that there is nothing to wait for but the end of the game.
    """
    import pandas as pd

    planned = games.assign(status="final", known_at="")
    put_off, off = met.moved_to >= 0, met.called_off
    put_right = met.corrected & ~put_off
    first = planned.copy()
    first.loc[put_off | off, "status"] = "scheduled"
    first = _without_result(first, put_off | off)
    for name, wrong in _wrong(games, rng).items():
        first[name] = first[name].mask(put_right, wrong)
    moved = planned[put_off].assign(date=_dates(met.moved_to[put_off]), known_at=_told(day[put_off], 0))
    cancelled = _without_result(planned, off)[off].assign(status="void", known_at=_told(day[off], 0))
    right = planned[put_right].assign(known_at=_told(day[put_right], CORRECTED_AFTER))
    rows = pd.concat([first, moved, cancelled, right, first[met.told_twice]]).astype({"date": "str"})
    return rows.sort_values(["date", "known_at"], kind="stable").reset_index(drop=True)


def _without_result(rows: pd.DataFrame, which: np.ndarray) -> pd.DataFrame:
    blank = {name: rows[name].mask(which) for name in RESULT}
    return rows.assign(**blank)


def _wrong(games: pd.DataFrame, rng: np.random.Generator) -> dict[str, pd.Series]:
    slip = rng.choice([-3, -2, 2, 3], len(games))
    home = games["home_pts"] + slip
    return {"home_pts": home + (home == games["away_pts"]) * np.sign(slip)}


def _later(day: int) -> range:
    return range(day + 2, day + WITHIN)


def _dates(days: np.ndarray) -> list[str]:
    return [date.fromordinal(int(day)).isoformat() for day in days]


def _told(days: np.ndarray, after: int) -> list[str]:
    moved = (date.fromordinal(int(day)) + timedelta(days=after) for day in days)
    return [f"{day.isoformat()}T{HOUR_TOLD:02}:00:00Z" for day in moved]
