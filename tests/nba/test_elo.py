"""Elo: the definition, its agreement with the published numbers, and its speed."""

from __future__ import annotations

from pathlib import Path
from time import process_time

import numpy as np
import pandas as pd
import pytest

from tasks.nba.elo import Ratings, elo_forecasts, home_probability
from tasks.rollout.refusal import BadInput


def read_games(folder: Path) -> pd.DataFrame:
    games = pd.read_csv(folder / "games.csv.gz", dtype={"game_id": str, "tip_et": str})
    games["game_id"] = games["game_id"].fillna(games["game_uid"])
    return games


def frame(*rows: tuple[int, str, str, str, float, float]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=["season", "date", "home", "away", "home_pts", "away_pts"])


def test_the_reference_forecasts_are_met_on_every_real_game(nba_data: Path) -> None:
    games = read_games(nba_data)
    forecasts = pd.read_csv(nba_data / "forecasts.csv.gz").set_index("game_uid")
    ours = elo_forecasts(games).set_index(games["game_uid"]).loc[forecasts.index]
    assert np.abs(ours["p_home"] - forecasts["p_elo_ref"]).max() < 1e-6
    assert np.abs(ours["elo_home"] - forecasts["elo_home_pre"]).max() < 1e-3
    assert np.abs(ours["elo_away"] - forecasts["elo_away_pre"]).max() < 1e-3


def test_sixty_thousand_games_take_well_under_half_a_second(nba_data: Path) -> None:
    games = read_games(nba_data)
    best = min(_seconds(games) for _ in range(3))
    assert best < 0.5


def _seconds(games: pd.DataFrame) -> float:
    began = process_time()
    elo_forecasts(games)
    return process_time() - began


def test_a_new_season_takes_every_rating_a_quarter_of_the_way_to_the_mean() -> None:
    table = elo_forecasts(
        frame((2025, "2025-04-01", "BOS", "NYK", 120, 100), (2026, "2025-10-21", "BOS", "NYK", 100, 120))
    )
    ratings = Ratings()
    ratings.play(2025, "BOS", "NYK", 20, False)
    assert table["elo_home"][1] == pytest.approx(0.75 * ratings.of("BOS", 2025) + 0.25 * 1505)
    assert table["elo_away"][1] == pytest.approx(0.75 * ratings.of("NYK", 2025) + 0.25 * 1505)


def test_a_team_that_joins_later_starts_at_1300() -> None:
    table = elo_forecasts(frame((2025, "2025-04-01", "BOS", "NYK", 120, 100), (2026, "2025-10-21", "SEA", "BOS", 9, 8)))
    assert table["elo_home"][1] == 1300


def test_the_multiplier_shrinks_with_the_winners_edge() -> None:
    ratings = Ratings()
    ratings.play(2026, "BOS", "NYK", 10, False)
    gain = 20 * (1 - home_probability(1300, 1300)) * 13**0.8 / (7.5 + 0.006 * 100)
    assert ratings.of("BOS", 2026) == pytest.approx(1300 + gain)
    assert ratings.of("BOS", 2026) + ratings.of("NYK", 2026) == pytest.approx(2600)


def test_a_neutral_floor_has_no_home_edge() -> None:
    table = elo_forecasts(frame((2026, "2025-10-21", "BOS", "NYK", 1, 0)).assign(neutral=1))
    assert table["p_home"].tolist() == [0.5]


@pytest.mark.parametrize("scores", [(np.nan, np.nan), (100.0, np.nan), (0.0, 0.0)])
def test_a_game_without_a_result_gets_a_forecast_and_moves_nothing(scores: tuple[float, float]) -> None:
    table = elo_forecasts(
        frame((2026, "2025-10-21", "BOS", "NYK", *scores), (2026, "2025-10-23", "BOS", "NYK", 100, 90))
    )
    assert table.iloc[0].tolist() == table.iloc[1].tolist()


def test_the_index_and_the_games_are_left_as_they_were() -> None:
    games = frame((2026, "2025-10-21", "BOS", "NYK", 100, 90), (2026, "2025-10-23", "BOS", "NYK", 100, 90))
    games.index = pd.Index(["a", "b"])
    before = games.copy()
    assert elo_forecasts(games).index.tolist() == ["a", "b"]
    pd.testing.assert_frame_equal(games, before)


def test_an_empty_frame_gives_an_empty_table() -> None:
    assert list(elo_forecasts(frame()).columns) == ["p_home", "elo_home", "elo_away"]


def test_a_missing_column_and_a_season_that_goes_backwards_are_refused_by_name() -> None:
    games = frame((2026, "2025-10-21", "BOS", "NYK", 100, 90), (2025, "2025-04-01", "BOS", "NYK", 100, 90))
    with pytest.raises(BadInput, match="season: row 1 is of 2025 after 2026"):
        elo_forecasts(games)
    with pytest.raises(BadInput, match="away_pts: the frame of games has no such column"):
        elo_forecasts(games.drop(columns="away_pts"))
