"""Where games come from, as the flows see it: slates, results and history as of any moment."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from prefect.blocks.core import Block
from pydantic import Field

from blocks.sources.files import FileSource
from blocks.sources.source import GameSource

if TYPE_CHECKING:
    import pandas as pd


class Source(Block):
    """Read games from a file or a folder into which files are dropped.

    A score is known three hours after tip-off at the earliest, so a past night can be replayed without its future.
    """

    _block_type_name = "Gamenight Source"
    _block_type_slug = "gamenight-source"
    _description = "Games from a CSV or Parquet file, or from a folder of them."

    path: str = Field(title="Path", description="A file of games, or a folder into which such files are dropped.")
    seasons: int | None = Field(
        None, ge=1, title="Seasons", description="How many past seasons to read; all when empty."
    )
    set_aside: bool = Field(True, title="Set bad files aside", description="Go on without a bad file of the folder.")

    def slate(self, date: str, now: datetime) -> pd.DataFrame:
        """Return the games of a US/Eastern date as they stood at `now`."""
        return self._source().slate(date, now)

    def results(self, date: str, now: datetime) -> pd.DataFrame:
        """Return what had become of the games of a date by `now`."""
        return self._source().results(date, now)

    def history(self, until: datetime) -> pd.DataFrame:
        """Return the final games known at `until`, in the order of play."""
        return self._source().history(until, self.seasons)

    def covers(self, date: str) -> bool:
        """Return whether the games reach this date, so that an empty slate means no games and not no news."""
        return self._source().covers(date)

    def _source(self) -> GameSource:
        return FileSource(self.path, set_aside=self.set_aside)
