"""The games as they were known at any moment.

A game may have several rows: each is one word on it, and from the moment it was known (`known_at`, blank = from the
start) until the next one, the word in force. Of two that were known at once the later row stands, so a file that is
appended to, or a later file of a drop, corrects what was said before. A score is known three hours after tip-off at the
earliest; until then the game is scheduled, and everything that came with its result is blank.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from blocks.sources.columns import ORDER
from blocks.sources.eastern import FINAL_AFTER, microseconds

if TYPE_CHECKING:
    from datetime import datetime

    import pandas as pd

ALWAYS = np.iinfo(np.int64).min
NEVER = np.iinfo(np.int64).max
WORDS = (*ORDER, "status", "tip")
FEW_RUNS = 50


class Timeline:
    """Answer for any date and moment from one frame of games, which is not changed by asking."""

    def __init__(self, games: pd.DataFrame) -> None:
        """Take in the rows of `columns.games_of`, in the order in which they were said."""
        import pandas as pd

        said = games.reset_index(drop=True)
        known, tip = _moments(said["known_at"], ALWAYS), _moments(said["tip"], ALWAYS)
        appeared = pd.factorize(said["game_id"])[0]
        superseded = _superseded(appeared, known)
        order = np.lexsort((appeared, said["date"].to_numpy(dtype="datetime64[D]")))
        self._games = said.iloc[order].reset_index(drop=True)
        self._known, self._superseded = known[order], superseded[order]
        played = (self._games["status"] == "final") & self._games["home_pts"].notna() & self._games["away_pts"].notna()
        earliest = tip[order] + int(FINAL_AFTER.total_seconds() * 1_000_000)
        self._final_at = np.where(played.to_numpy(), np.maximum(self._known, earliest), NEVER)
        self._days = self._games["date"].to_numpy(dtype="datetime64[D]")
        self._season = self._games["season"].to_numpy()
        self._moved = np.flatnonzero(self._superseded != NEVER)

    @property
    def dates(self) -> tuple[str, str] | None:
        """Return the first and the last date of which there are games, or None when there are none."""
        return (str(self._days[0]), str(self._days[-1])) if len(self._days) else None

    def slate(self, date: str, now: datetime) -> pd.DataFrame:
        """Return the games of a date as they stood at `now`."""
        at = microseconds(now)
        rows = self._of(date)
        return self._view(rows[self._in_force(rows, at)], at)

    def results(self, date: str, now: datetime) -> pd.DataFrame:
        """Return `slate`, and with the status "moved" and the new date in `moved_to` the games that left this date."""
        import pandas as pd

        at = microseconds(now)
        here = self.slate(date, now)
        rows = self._of(date)
        gone = self._games.iloc[rows[(self._known[rows] <= at) & (self._superseded[rows] <= at)]]
        gone = gone[~gone["game_id"].isin(here["game_id"])].drop_duplicates("game_id", keep="last")
        here["moved_to"] = pd.Series("", index=here.index, dtype="str")
        if gone.empty:
            return here
        others = self._moved_rows(set(gone["game_id"]), at)
        left = self._view(gone.index.to_numpy(), at)
        left["status"] = pd.Series("moved", index=left.index, dtype="str")
        left[["home_pts", "away_pts"]] = np.nan
        left["moved_to"] = left["game_id"].map(others).astype("str")
        return pd.concat([here, left], ignore_index=True)

    def history(self, until: datetime, seasons: int | None) -> pd.DataFrame:
        """Return the final games known at `until` in the order of play, of the last `seasons` seasons or of all."""
        at = microseconds(until)
        final = (self._final_at <= at) & (self._superseded > at)
        if seasons is not None and final.any():
            final &= self._season > self._season[final].max() - seasons
        known = pick(self._games, final)
        return known.drop(columns=["known_at"]).reset_index(drop=True)

    def _of(self, date: str) -> np.ndarray:
        day = np.datetime64(date, "D")
        first, last = np.searchsorted(self._days, day, "left"), np.searchsorted(self._days, day, "right")
        return np.arange(first, last)

    def _in_force(self, rows: np.ndarray, at: int) -> np.ndarray:
        return np.asarray((self._known[rows] <= at) & (at < self._superseded[rows]))

    def _moved_rows(self, games: set[str], at: int) -> dict[str, str]:
        rows = np.flatnonzero(self._games["game_id"].isin(games).to_numpy())
        rows = rows[self._in_force(rows, at)]
        there = self._games.iloc[rows]
        return dict(zip(there["game_id"], there["date"], strict=True))

    def _view(self, rows: np.ndarray, at: int) -> pd.DataFrame:
        shown = self._games.iloc[rows].drop(columns=["known_at"])
        early = np.asarray(self._final_at[rows] > at) & (shown["status"] != "void").to_numpy()
        told = early & (shown["home_pts"].notna() | shown["away_pts"].notna()).to_numpy()
        shown["status"] = shown["status"].mask(early, "scheduled")
        for name in ("home_pts", "away_pts"):
            shown[name] = shown[name].mask(early)
        for name in set(shown.columns).difference(WORDS) if told.any() else ():
            shown[name] = shown[name].mask(told)
        return shown.reset_index(drop=True)


def pick(frame: pd.DataFrame, rows: np.ndarray) -> pd.DataFrame:
    """Return the rows of a mask; in slices where there are few runs of them, which is many times faster."""
    import pandas as pd

    edges = np.flatnonzero(np.diff(np.concatenate([[False], rows, [False]]).astype(np.int8)))
    if len(edges) == 2:
        return frame.iloc[edges[0] : edges[1]]
    if 0 < len(edges) <= 2 * FEW_RUNS:
        return pd.concat([frame.iloc[first:last] for first, last in edges.reshape(-1, 2)])
    return frame[rows]


def _moments(moments: pd.Series, blank: int) -> np.ndarray:
    naive = moments.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy(dtype="datetime64[us]")
    return np.where(np.isnat(naive), blank, naive.astype(np.int64))


def _superseded(codes: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Return for every row the moment from which a later word on the same game stands in its place."""
    order = np.lexsort((np.arange(len(codes)), known, codes))
    by_game, when = codes[order], known[order]
    following = np.full(len(codes), NEVER, dtype=np.int64)
    same = by_game[1:] == by_game[:-1]
    following[order[:-1][same]] = when[1:][same]
    return following
