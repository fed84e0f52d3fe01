"""A monitor that looks every morning: quiet in ordinary seasons, quick on a block of neutral floors."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tasks.drift.phases import phased_profile
from tasks.drift.report import compare
from tasks.drift.settings import Settings
from tasks.nba.features import NUMERIC, training_frame
from tasks.nba.regimes import REGIMES
from tasks.nba.seasons import generate_seasons

INPUTS, NIGHTS, SETTINGS = list(NUMERIC), 10, Settings(looks=164)
SEASON = 2026


def phases_of(frame: pd.DataFrame) -> np.ndarray:
    return ((frame["home_games"] + frame["away_games"]) / 2).to_numpy()


def mornings(games: pd.DataFrame, season: int, training: int) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield every date of a season and the columns that drifted in the last ten nights."""
    past = games[games["season"].between(season - training, season - 1)]
    reference = phased_profile(past[INPUTS], phases_of(past), past["season"].to_numpy())
    current = games[games["season"] == season]
    nights = sorted(current["date"].unique())
    for last in range(len(nights)):
        window = current[current["date"].isin(nights[max(0, last - NIGHTS + 1) : last + 1])]
        yield nights[last], compare(reference.matched(phases_of(window)), window[INPUTS], SETTINGS).drifted


def generated(seed: int, regime: str) -> pd.DataFrame:
    made = generate_seasons(SEASON - 4, 5, seed, {SEASON: REGIMES[regime]})
    return training_frame(pd.concat([season.games for season in made], ignore_index=True))


@pytest.mark.slow
@pytest.mark.long
def test_ordinary_seasons_are_quiet_in_nearly_every_stretch_of_thirty_nights() -> None:
    stretches = []
    for seed in range(4):
        alarms = [bool(drifted) for _, drifted in mornings(generated(seed, "ordinary"), SEASON, 3)]
        stretches += [any(alarms[start : start + 30]) for start in range(0, len(alarms) - 29, 30)]
    assert len(stretches) == 20
    assert sum(stretches) <= 1


@pytest.mark.slow
def test_a_neutral_block_is_seen_within_three_nights_and_in_the_right_column() -> None:
    for seed in range(3):
        games = generated(seed, "neutral_block")
        first = games.loc[(games["season"] == SEASON) & (games["neutral"] == 1), "date"].min()
        seen = [date for date, drifted in mornings(games, SEASON, 3) if "neutral" in drifted]
        nights = sorted(games.loc[games["season"] == SEASON, "date"].unique())
        assert 0 <= nights.index(seen[0]) - nights.index(first) <= 2


@pytest.mark.slow
@pytest.mark.long
def test_real_seasons_are_quiet_and_the_shortened_one_is_not(nba_data: Path) -> None:
    games = pd.read_csv(nba_data / "games.csv.gz", low_memory=False, dtype={"game_id": "str"})
    games = games[games["season_type"] == "regular"].assign(game_id=lambda frame: frame["game_uid"])
    frame = training_frame(games)
    for season in (1996, 2008, 2016):
        assert {name for _, drifted in mornings(frame, season, 6) for name in drifted} == set()
    assert "home_rest" in {name for _, drifted in mornings(frame, 2012, 6) for name in drifted}
