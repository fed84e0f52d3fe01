"""Where games come from, whatever keeps them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    import pandas as pd


class GameSource(ABC):
    """Answer what was known of the league's games at a moment.

    Dates are US Eastern as YYYY-MM-DD, moments are timezone-aware. Every frame has `game_id, season, date, home, away,
    home_pts, away_pts, tip_et, neutral, season_type, status, tip`, and the columns that only this source knows. Raises
    Unavailable when the source could not be asked, Refused when its answer cannot be used.
    """

    @abstractmethod
    def slate(self, date: str, now: datetime) -> pd.DataFrame:
        """Return the games of a date: scheduled (blank scores), final, or void."""

    @abstractmethod
    def results(self, date: str, now: datetime) -> pd.DataFrame:
        """Return what became of the games of a date; those that left it have the status "moved" and `moved_to`."""

    @abstractmethod
    def history(self, until: datetime, seasons: int | None = None) -> pd.DataFrame:
        """Return the final games known at `until`, in the order of play; the last `seasons` seasons, or all."""

    @abstractmethod
    def covers(self, date: str) -> bool:
        """Return whether the source's games reach this date, so that an empty slate means no games and not no news."""
