"""As-of features: the numbers, and that no future game can be seen in them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tasks.nba.features import FEATURES, NUMERIC, Standings, features, training_frame
from tasks.rollout.refusal import BadInput


def read_games(folder: Path, first: int = 1951, last: int = 2019) -> pd.DataFrame:
    games = pd.read_csv(folder / "games.csv.gz", dtype={"game_id": str, "tip_et": str})
    games["game_id"] = games["game_id"].fillna(games["game_uid"])
    return games[games["season"].between(first, last)].reset_index(drop=True)


def schedule(*rows: tuple[str, int, str, str, str, float, float]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=["game_id", "season", "date", "home", "away", "home_pts", "away_pts"])


WEEK = schedule(
    ("1", 2026, "2025-10-21", "BOS", "NYK", 110, 100),
    ("2", 2026, "2025-10-22", "NYK", "MIA", 90, 95),
    ("3", 2026, "2025-10-25", "BOS", "MIA", 100, 120),
)


def test_rest_games_and_ratings_of_real_games_are_those_of_the_reference(nba_data: Path) -> None:
    games = read_games(nba_data)
    reference = pd.read_csv(nba_data / "forecasts.csv.gz").set_index("game_uid")
    ours = training_frame(games).set_index(games["game_uid"].to_numpy()).loc[reference.index]
    pairs = {"rest_home": "home_rest", "rest_away": "away_rest", "gp_home": "home_games", "gp_away": "away_games"}
    for theirs, mine in pairs.items():
        assert ours[mine].tolist() == reference[theirs].tolist(), mine
    assert np.abs(ours["home_elo"] - reference["elo_home_pre"]).max() < 1e-3
    assert np.abs(ours["away_elo"] - reference["elo_away_pre"]).max() < 1e-3


def test_a_real_season_night_by_night_equals_the_one_with_the_future_deleted(nba_data: Path) -> None:
    games = read_games(nba_data, 2017, 2019)
    at_once = training_frame(games)
    nights = games.loc[games["season"] == 2019, "date"].unique()
    for night in [*nights[:6], *nights[40:50], *nights[-6:]]:
        slate = games[games["date"] == night].drop(columns=["home_pts", "away_pts", "home_win"])
        alone = features(games[games["date"] < night], slate)
        with_future = features(games, slate)
        pd.testing.assert_frame_equal(alone, with_future, check_exact=True)
        expected = at_once.loc[alone.index, list(NUMERIC)]
        pd.testing.assert_frame_equal(alone[list(NUMERIC)], expected, check_exact=True)


def test_a_whole_real_season_walked_through_equals_the_training_frame(nba_data: Path) -> None:
    games = read_games(nba_data, 2018, 2019)
    standings, looked = Standings(), []
    for _, night in games.groupby("date"):
        looked.append(standings.look(night))
        standings.play(night)
    walked = pd.concat(looked)[list(NUMERIC)]
    pd.testing.assert_frame_equal(walked, training_frame(games)[list(NUMERIC)], check_exact=True)


def test_the_columns_and_types_are_those_that_models_are_given() -> None:
    past, slate = training_frame(WEEK), features(WEEK, WEEK)
    assert list(slate.columns) == list(FEATURES)
    assert list(past.columns) == [*FEATURES, "home_win", "season", "date"]
    assert set(past[list(NUMERIC)].dtypes.astype(str)) == {"float64"}
    assert (past.index.name, slate.index.name) == ("game_id", "game_id")
    assert set(past["status"]) == {"final"}
    assert set(slate["status"]) == {"scheduled"}
    assert past["home_win"].tolist() == [1, 0, 0]


def test_rest_counts_full_days_off_and_an_opener_has_a_week() -> None:
    table = training_frame(WEEK)
    assert table["home_rest"].tolist() == [7, 0, 3]
    assert table["away_rest"].tolist() == [7, 7, 2]


def test_form_is_the_mean_margin_of_the_last_ten_games_with_unplayed_ones_level() -> None:
    table = training_frame(WEEK)
    assert table["home_form"].tolist() == [0, -1.0, 1.0]
    assert table["away_form"].tolist() == [0, 0, 0.5]


def test_form_forgets_the_eleventh_game_and_last_season() -> None:
    dates = pd.date_range("2025-11-01", periods=12, freq="2D").strftime("%Y-%m-%d")
    rows = [(str(n), 2026, date, "BOS", "NYK", 100.0 + n, 90.0) for n, date in enumerate(dates, start=1)]
    table = training_frame(schedule(*rows, ("13", 2027, "2026-10-20", "BOS", "NYK", 1, 0)))
    assert table["home_form"].iloc[11] == pytest.approx(np.mean([10 + n for n in range(2, 12)]))
    assert table.iloc[12][["home_form", "home_games", "home_rest"]].tolist() == [0, 0, 7]


def test_results_of_the_same_evening_are_not_seen() -> None:
    early = schedule(("1", 2026, "2025-10-21", "BOS", "NYK", 110, 100), ("2", 2026, "2025-10-21", "BOS", "NYK", 99, 80))
    table = training_frame(early)
    first, second = table[list(NUMERIC)].to_numpy().tolist()
    assert first == second
    assert features(early, early).loc["2", "home_games"] == 0


def test_a_slate_of_several_nights_in_any_order_keeps_its_own_order() -> None:
    shuffled = WEEK.iloc[[2, 0, 1]].reset_index(drop=True)
    table = features(WEEK, shuffled)
    assert table.index.tolist() == ["3", "1", "2"]
    expected = training_frame(WEEK).loc[["3", "1", "2"], list(NUMERIC)]
    pd.testing.assert_frame_equal(table[list(NUMERIC)], expected, check_exact=True)


def test_games_that_were_not_played_leave_no_trace() -> None:
    unplayed = schedule(
        ("x", 2026, "2025-10-22", "BOS", "MIA", np.nan, np.nan), ("y", 2026, "2025-10-23", "BOS", "MIA", 0, 0)
    )
    void = WEEK.iloc[[1]].assign(game_id="z", date="2025-10-24", status="void")
    mixed = pd.concat([WEEK, unplayed, void]).sort_values("date", kind="stable")
    pd.testing.assert_frame_equal(training_frame(mixed), training_frame(WEEK))


def test_a_slate_needs_no_scores_and_no_history() -> None:
    slate = WEEK.drop(columns=["home_pts", "away_pts"]).iloc[:1]
    row = features(WEEK.iloc[:0], slate).iloc[0]
    assert row[list(NUMERIC)].tolist() == [1300, 1300, 7, 7, 0, 0, 0, 0, 0]


def test_an_empty_slate_gives_an_empty_frame_with_all_columns() -> None:
    assert list(features(WEEK, WEEK.iloc[:0]).columns) == list(FEATURES)


def test_what_cannot_be_used_is_refused_by_name() -> None:
    with pytest.raises(BadInput, match="date: row 1 is of 2025-10-21 after 2025-10-22"):
        features(WEEK.iloc[[1, 0]], WEEK)
    with pytest.raises(BadInput, match="game_id: the frame of games has no such column"):
        features(WEEK, WEEK.drop(columns="game_id"))
    with pytest.raises(BadInput, match="season: row 0 is of 2025, but games of 2026"):
        features(WEEK, WEEK.iloc[[2]].assign(season=2025))
    with pytest.raises(BadInput, match="date: expected dates as YYYY-MM-DD"):
        training_frame(WEEK.assign(date="21/10/2025"))
