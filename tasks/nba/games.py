"""A frame of games as plain columns, which the loops over a league's history run on."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from tasks.rollout.refusal import BadInput

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

NEEDED = ("season", "date", "home", "away", "home_pts", "away_pts")


@dataclass(frozen=True, slots=True)
class Columns:
    """Name the columns of a frame of games as lists, one entry a game; `margin` is 0 where there is no result."""

    season: list[int]
    day: list[int]
    home: list[str]
    away: list[str]
    margin: list[float]
    neutral: list[bool]


def columns_of(games: pd.DataFrame, needed: Sequence[str] = NEEDED) -> Columns:
    """Return the columns of a frame of games; raises BadInput for a missing column or a date that is none."""
    for name in needed:
        if name not in games.columns:
            raise BadInput(name, f"the frame of games has no such column; needed are {', '.join(needed)}")
    neutral = games["neutral"].fillna(0).astype(bool).tolist() if "neutral" in games.columns else [False] * len(games)
    return Columns(
        season=games["season"].astype(int).tolist(),
        day=_days(games["date"]),
        home=games["home"].tolist(),
        away=games["away"].tolist(),
        margin=_margins(games) if "home_pts" in needed else [0.0] * len(games),
        neutral=neutral,
    )


def is_final(games: pd.DataFrame) -> np.ndarray:
    """Return which games count as played: both scores are known and the game is neither scheduled nor void."""
    played = games["home_pts"].notna().to_numpy() & games["away_pts"].notna().to_numpy()
    if "status" in games.columns:
        played &= ~games["status"].isin(["scheduled", "void"]).to_numpy()
    return np.asarray(played, dtype=bool)


def season_order(seasons: Sequence[int]) -> None:
    """Raise BadInput when a season goes backwards: ratings carry over from one to the next."""
    for row, (before, season) in enumerate(pairwise(seasons), start=1):
        if season < before:
            raise BadInput("season", f"row {row} is of {season} after {before}; put the games in the order of play")


def _margins(games: pd.DataFrame) -> list[float]:
    margin = games["home_pts"].to_numpy(dtype=float) - games["away_pts"].to_numpy(dtype=float)
    known: list[float] = np.where(is_final(games), margin, 0.0).tolist()
    return known


def _days(dates: pd.Series) -> list[int]:
    try:
        days = dates.to_numpy(dtype="datetime64[D]")
    except (ValueError, TypeError) as fault:
        raise BadInput("date", f"expected dates as YYYY-MM-DD: {fault}") from fault
    if np.isnat(days).any():
        raise BadInput("date", f"row {int(np.isnat(days).argmax())} has none; expected YYYY-MM-DD")
    numbers: list[int] = days.astype(int).tolist()
    return numbers
