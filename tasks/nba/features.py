"""What was known of both teams before a game: ratings, rest, form and games played.

One walk through the league's history serves training and scoring, so the two cannot disagree. Every game of a date sees
the state before that date; what happens later, even the same evening, is never looked at.
"""

from __future__ import annotations

from collections import deque
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from tasks.nba.elo import Ratings
from tasks.nba.games import Columns, columns_of, is_final, season_order
from tasks.rollout.refusal import BadInput

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

NUMERIC = (
    "home_elo",
    "away_elo",
    "home_rest",
    "away_rest",
    "home_form",
    "away_form",
    "home_games",
    "away_games",
    "neutral",
)
FEATURES = (*NUMERIC, "status")
LONG_REST = 7
FORM_GAMES = 10
SLATE_NEEDED = ("game_id", "season", "date", "home", "away")

Row = tuple[float, ...]


class Season:
    """Keep what one team has done in the running season."""

    __slots__ = ("games", "last_day", "margins", "season")

    def __init__(self, season: int) -> None:
        self.season = season
        self.games = 0
        self.last_day = 0
        self.margins: deque[float] = deque(maxlen=FORM_GAMES)

    def rest(self, day: int) -> int:
        """Return the full days off before `day`: 0 is a back-to-back, 7 is a week or more, or the opener."""
        return min(day - self.last_day - 1, LONG_REST) if self.games else LONG_REST

    def form(self) -> float:
        """Return the points a game by which the last ten were won; games not yet played count as level."""
        return sum(self.margins) / FORM_GAMES

    def play(self, day: int, margin: float) -> None:
        """Count a game that this team won by `margin` points."""
        self.games += 1
        self.last_day = day
        self.margins.append(margin)


class Standings:
    """Walk through the games once; look at any slate on the way.

    The same as `features(history, slate)` for somebody who goes through a season night by night and does not want to
    start from the first game every time.
    """

    def __init__(self) -> None:
        self._ratings = Ratings()
        self._seasons: dict[str, Season] = {}

    def play(self, games: pd.DataFrame) -> None:
        """Take in final games, in the order of play."""
        columns = columns_of(games)
        for row in range(len(columns.day)):
            self._record(columns, row)

    def look(self, slate: pd.DataFrame) -> pd.DataFrame:
        """Return the features of a slate, indexed by game_id, as of the games taken in so far."""
        columns = columns_of(slate, SLATE_NEEDED)
        return _frame(slate, [self._features(columns, row) for row in range(len(columns.day))], "scheduled")

    def _features(self, games: Columns, row: int) -> Row:
        season, day = games.season[row], games.day[row]
        if self._ratings.season is not None and season < self._ratings.season:
            raise BadInput(
                "season", f"row {row} is of {season}, but games of {self._ratings.season} were played before it"
            )
        home, away = self._of(games.home[row], season), self._of(games.away[row], season)
        return (
            self._ratings.of(games.home[row], season),
            self._ratings.of(games.away[row], season),
            home.rest(day),
            away.rest(day),
            home.form(),
            away.form(),
            home.games,
            away.games,
            games.neutral[row],
        )

    def _of(self, team: str, season: int) -> Season:
        known = self._seasons.get(team)
        return known if known is not None and known.season == season else Season(season)

    def _record(self, games: Columns, row: int) -> None:
        margin = games.margin[row]
        if not margin:
            return
        season, home, away = games.season[row], games.home[row], games.away[row]
        self._ratings.play(season, home, away, margin, games.neutral[row])
        for team, won_by in ((home, margin), (away, -margin)):
            current = self._of(team, season)
            current.play(games.day[row], won_by)
            self._seasons[team] = current

    def _walk(self, games: Columns, rows: Iterable[int]) -> list[Row]:
        before: list[Row] = []
        for _, night in groupby(rows, key=games.day.__getitem__):
            tonight = list(night)
            before.extend(self._features(games, row) for row in tonight)
            for row in tonight:
                self._record(games, row)
        return before


def features(history: pd.DataFrame, slate: pd.DataFrame) -> pd.DataFrame:
    """Return the feature columns of a slate, indexed by game_id, from what had been played before its dates.

    history: games in the order of play; those on or after a slate's date are ignored. slate: `game_id, season, date,
    home, away` and, if there are any, `neutral`. `status` is "scheduled" on every row. Raises BadInput for a missing
    column, dates out of order, or a slate whose season is over in the history.
    """
    tonight = columns_of(slate, SLATE_NEEDED)
    days = _in_order(history)
    standings, played = Standings(), 0
    rows: dict[int, Row] = {}
    for row in sorted(range(len(slate)), key=tonight.day.__getitem__):
        known = int(np.searchsorted(days, tonight.day[row], side="left"))
        if known > played:
            standings.play(history.iloc[played:known])
        rows[row] = standings._features(tonight, row)
        played = known
    return _frame(slate, [rows[row] for row in range(len(slate))], "scheduled")


def training_frame(history: pd.DataFrame) -> pd.DataFrame:
    """Return the feature columns of every final game as they stood before its date, with `home_win, season, date`.

    history: games in the order of play; games without a result are left out. `status` is "final" on every row. The
    numbers are those that `features` gives for the same game with the future deleted. Raises BadInput as `features`.
    """
    _in_order(history)
    final = history[is_final(history) & (history["home_pts"] != history["away_pts"])]
    columns = columns_of(final)
    frame = _frame(final, Standings()._walk(columns, range(len(final))), "final")
    frame["home_win"] = (np.array(columns.margin) > 0).astype(int)
    frame["season"] = final["season"].to_numpy(dtype=int)
    frame["date"] = final["date"].to_numpy()
    return frame


def phase_of(rows: pd.DataFrame) -> np.ndarray:
    """Return how far the season had come at each row of features, shape (n,): the mean games that both had played."""
    return ((rows["home_games"] + rows["away_games"]) / 2).to_numpy(dtype=float)


def _in_order(history: pd.DataFrame) -> np.ndarray:
    columns = columns_of(history)
    season_order(columns.season)
    days = np.array(columns.day, dtype=int)
    back = np.flatnonzero(days[1:] < days[:-1])
    if back.size:
        row = int(back[0]) + 1
        later, sooner = days[row - 1].astype("datetime64[D]"), days[row].astype("datetime64[D]")
        raise BadInput("date", f"row {row} is of {sooner} after {later}; put the games in the order of play")
    return days


def _frame(games: pd.DataFrame, rows: list[Row], status: str) -> pd.DataFrame:
    import pandas as pd

    if "game_id" not in games.columns:
        raise BadInput("game_id", "the frame of games has no such column; it names the rows")
    index = pd.Index(games["game_id"].astype(str), name="game_id")
    table = pd.DataFrame(np.array(rows, dtype=float).reshape(len(rows), len(NUMERIC)), columns=NUMERIC, index=index)
    table["status"] = pd.Series(status, index=index, dtype="str")
    return table
