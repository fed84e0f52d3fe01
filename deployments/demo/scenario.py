"""The games of the demo: generated seasons, or real ones from a file, with a block of neutral-site games."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tasks.rollout.refusal import BadInput

if TYPE_CHECKING:
    import pandas as pd

NEUTRAL_GAMES = 88
BLOCK_BEGINS = 0.17
PAST_SEASONS = 12
FIRST_SEASON = 2015


@dataclass(frozen=True, slots=True)
class Scenario:
    """Where the games are, which season is played night by night, and what a person should know of it.

    games: the file drop. season: the season that is replayed; those before it are the past.
    """

    games: Path
    season: int
    says: str


def generated(folder: Path, seed: int) -> Scenario:
    """Write the past seasons and one to be played into the drop; the same seed gives the same games."""
    from blocks.sources.drop import write_season
    from tasks.nba.regimes import Regime
    from tasks.nba.seasons import generate_seasons

    last = FIRST_SEASON + PAST_SEASONS
    block = Regime(neutral_games=NEUTRAL_GAMES, begins=BLOCK_BEGINS)
    for season in generate_seasons(FIRST_SEASON, PAST_SEASONS + 1, seed, {last: block}):
        write_season(folder, season.games, f"season-{season.season}.csv.gz")
    return Scenario(folder, last, f"generated seasons {FIRST_SEASON} to {last}, seed {seed}")


@dataclass(frozen=True, slots=True)
class Games:
    """The last seasons of a file of real games, checked."""

    file: str
    frame: pd.DataFrame

    @property
    def seasons(self) -> list[int]:
        """Return the seasons, oldest first."""
        return sorted(int(season) for season in self.frame["season"].unique())


def read(file: Path) -> Games:
    """Return the regular games of a file's last seasons; raise BadInput where there are too few."""
    from blocks.sources.files import read_games

    games = read_games(file).drop(columns=["tip", "known_at"], errors="ignore")
    regular = games[games["season_type"].isin(["regular", ""]) | games["season_type"].isna()]
    seasons = sorted(regular["season"].unique())
    if len(seasons) < PAST_SEASONS + 1:
        raise BadInput(
            "games", f"{file} holds {len(seasons)} seasons; name a file with at least {PAST_SEASONS + 1} of them"
        )
    chosen = regular[regular["season"].isin(seasons[-PAST_SEASONS - 1 :])]
    return Games(file.name, chosen.reset_index(drop=True))


def real(folder: Path, games: Games) -> Scenario:
    """Write real seasons into the drop, with `neutral` set on a block of games of the last one."""
    from blocks.sources.drop import write_season

    first, last = games.seasons[0], games.seasons[-1]
    for season, frame in games.frame.groupby("season"):
        played = with_neutral_block(frame.reset_index(drop=True)) if season == last else frame
        write_season(folder, played, f"season-{season}.csv.gz")
    said = f"real seasons {first} to {last} of {games.file}"
    return Scenario(folder, last, f"{said}; `neutral` was set on {NEUTRAL_GAMES} games of {last} to move the inputs")


def with_neutral_block(season: pd.DataFrame) -> pd.DataFrame:
    """Return the games of a season with `neutral` set on 88 that follow its first sixth."""
    ordered = season.sort_values(["date", "game_id"], kind="stable").reset_index(drop=True)
    start = int(len(ordered) * BLOCK_BEGINS)
    ordered["neutral"] = ordered["neutral"].fillna(0).astype(int)
    ordered.loc[start : start + NEUTRAL_GAMES - 1, "neutral"] = 1
    return ordered
