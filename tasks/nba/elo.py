"""Elo ratings with margin of victory, exactly as FiveThirtyEight defined them for the NBA.

Source: Silver & Fischer-Baum (2015), "How We Calculate NBA Elo Ratings"; Elo (1978), The Rating of Chessplayers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tasks.nba.games import columns_of, season_order

if TYPE_CHECKING:
    import pandas as pd

K = 20.0
START = 1300.0
HOME_EDGE = 100.0
CARRY = 0.75
MEAN = 1505.0


def home_probability(home: float, away: float, *, neutral: bool = False) -> float:
    """Return the probability that the home team wins, from both ratings before the game.

    >>> round(home_probability(1500.0, 1500.0), 4), home_probability(1500.0, 1500.0, neutral=True)
    (0.6401, 0.5)
    """
    edge = home - away + (0.0 if neutral else HOME_EDGE)
    return float(1.0 / (1.0 + 10.0 ** (-edge / 400.0)))


class Ratings:
    """Hold every team's rating, as of the last game that was played."""

    __slots__ = ("_rating", "season")

    def __init__(self) -> None:
        self._rating: dict[str, float] = {}
        self.season: int | None = None

    def of(self, team: str, season: int) -> float:
        """Return a team's rating before its next game, which is one of `season`; nothing is changed by asking."""
        rating = self._rating.get(team)
        if rating is None:
            return START
        return rating if season == self.season else CARRY * rating + (1.0 - CARRY) * MEAN

    def play(self, season: int, home: str, away: str, margin: float, neutral: bool) -> None:
        """Move both ratings after a game that the home team won by `margin` points (lost, when negative)."""
        if season != self.season:
            self._open(season)
        at_home, on_road = self._rating.get(home, START), self._rating.get(away, START)
        edge = at_home - on_road + (0.0 if neutral else HOME_EDGE)
        expected = 1.0 / (1.0 + 10.0 ** (-edge / 400.0))
        winners_edge = edge if margin > 0 else -edge
        surprise = (margin > 0) - expected
        moved = K * surprise * (abs(margin) + 3.0) ** 0.8 / (7.5 + 0.006 * winners_edge)
        self._rating[home] = at_home + moved
        self._rating[away] = on_road - moved

    def _open(self, season: int) -> None:
        self._rating = {team: self.of(team, season) for team in self._rating}
        self.season = season


def elo_forecasts(games: pd.DataFrame) -> pd.DataFrame:
    """Return `p_home, elo_home, elo_away` before each game, on the index of `games`.

    games: one row a game in the order they were played, with `season, date, home, away, home_pts, away_pts` and, if
    there are any, `neutral` (1 = no home edge). A game without a score, or with a draw, which basketball does not know,
    gets a forecast and moves nothing. Raises BadInput for a missing column or a season that goes backwards.

    >>> import pandas as pd
    >>> night = {"season": 2026, "date": "2025-10-21", "home": "BOS", "away": "NYK", "home_pts": 110, "away_pts": 100}
    >>> elo_forecasts(pd.DataFrame([night, night])).round(4)
       p_home   elo_home   elo_away
    0  0.6401  1300.0000  1300.0000
    1  0.6582  1306.9171  1293.0829
    """
    import pandas as pd

    columns = columns_of(games)
    season_order(columns.season)
    ratings = Ratings()
    before: list[tuple[float, float]] = []
    for season, home, away, margin, neutral in zip(
        columns.season, columns.home, columns.away, columns.margin, columns.neutral, strict=True
    ):
        before.append((ratings.of(home, season), ratings.of(away, season)))
        if margin:
            ratings.play(season, home, away, margin, neutral)
    table = pd.DataFrame(before, columns=["elo_home", "elo_away"], index=games.index, dtype="float64")
    edge = table["elo_home"] - table["elo_away"] + np.where(columns.neutral, 0.0, HOME_EDGE)
    table.insert(0, "p_home", 1.0 / (1.0 + 10.0 ** (-edge / 400.0)))
    return table
