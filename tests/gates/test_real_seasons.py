"""Clean seasons pass, and what is known to be wrong in real files is found, no more and no less."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tasks.nba.regimes import REGIMES
from tasks.nba.seasons import generate_seasons

pytestmark = pytest.mark.slow
Run = Callable[..., dict[str, Any]]
SEASONS = range(1990, 2020)


def keys(answer: dict[str, Any]) -> list[str]:
    assert answer["verdict"] == "PASS", answer["failed"]
    return [str(one["key"]) for one in answer["quarantined"]]


@pytest.mark.long
def test_thirty_clean_seasons_raise_no_alarm(run: Run, real_games: pd.DataFrame) -> None:
    alarms = {season: keys(run("games", real_games[real_games["season"] == season])) for season in SEASONS}
    assert {season: found for season, found in alarms.items() if found} == {}


def test_the_whole_history_passes_as_training_data(run: Run, real_games: pd.DataFrame) -> None:
    assert keys(run("training", real_games)) == []


def test_in_thirty_seasons_of_box_scores_only_the_known_fault_is_found(run: Run, real_box: pd.DataFrame) -> None:
    assert keys(run("box", real_box[real_box["season"].isin(SEASONS)])) == ["19961110-DEN-CLE"]


@pytest.mark.long
def test_every_night_of_a_month_passes_before_and_after(run: Run, real_games: pd.DataFrame) -> None:
    season = real_games[real_games["date"].between("2015-12-15", "2016-01-10")]
    for night, games in season.groupby("date"):
        slate = games.drop(columns=["home_pts", "away_pts", "home_win", "overtimes"])
        assert keys(run("slates", slate, nights=[night], schedule=slate)) == []
        assert keys(run("results", games, schedule=slate)) == []


def test_every_known_fault_of_the_prices_is_found_and_nothing_else(
    run: Run, real_odds: pd.DataFrame, nba_data: Path
) -> None:
    known = pd.read_csv(nba_data / "faulty" / "known_faults.csv")
    of_prices = known[(known["field"] == "moneylines/spread") & (known["date"] < "2019-07-01")]
    names = of_prices["date"].str.replace("-", "") + "-" + of_prices["away"] + "-" + of_prices["home"]
    assert len(names) == 18
    found: list[str] = []
    for _, season in real_odds.groupby("season"):
        found += keys(run("odds", season))
    assert sorted(found) == sorted(names)


def test_scores_that_another_source_contradicts_are_found_beside_it(
    run: Run, real_games: pd.DataFrame, nba_data: Path
) -> None:
    known = pd.read_csv(nba_data / "faulty" / "known_faults.csv")
    wrong = known[known["field"].isin(["score_home-score_away", "home_score-visitor_score"])]
    scores = wrong["value_in_source"].str.split("-", expand=True).astype(float)
    reported = wrong[["date", "home", "away"]].assign(home_pts=scores[0], away_pts=scores[1])
    season = real_games[real_games["season"] == 2014][
        ["game_id", "season", "date", "home", "away", "home_pts", "away_pts"]
    ]
    there = reported.merge(season[["game_id", "date", "home", "away"]], on=["date", "home", "away"])
    mixed = season.set_index("game_id")
    mixed.update(there.set_index("game_id")[["home_pts", "away_pts"]])
    answer = run("results", mixed.reset_index(), schedule=season)
    assert sorted(keys(answer)) == sorted(there["game_id"])


def test_generated_seasons_raise_no_alarm_under_any_regime(run: Run) -> None:
    names = [name for name in REGIMES if name not in ("duplicates", "corrections", "postponements")]
    made = generate_seasons(2011, len(names), 5, {2011 + place: REGIMES[name] for place, name in enumerate(names)})
    for name, season in zip(names, made, strict=True):
        final = season.games[season.games["status"] == "final"]
        assert keys(run("games", final)) == [], name


def test_a_slate_of_fifteen_games_takes_under_a_second_once_loaded(run: Run, real_games: pd.DataFrame) -> None:
    night = real_games[real_games["date"] == "2018-11-05"]
    slate = pd.concat([night] * 3).head(15).reset_index(drop=True)
    run("slates", slate)
    took = []
    for _ in range(3):
        started = time.perf_counter()
        run("slates", slate, schedule=slate)
        took.append(time.perf_counter() - started)
    assert min(took) < 1.0
