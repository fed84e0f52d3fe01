"""Every fault that was met in real sources is caught, as a failure or by setting the row aside."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from blocks.suites.tables import POINTER
from tests.gates.conftest import failed, set_aside

Run = Callable[..., dict[str, Any]]
Spoil = Callable[[pd.DataFrame], pd.DataFrame]

SWAPPED = {"home": "away", "away": "home", "home_pts": "away_pts", "away_pts": "home_pts"}


def _put(column: pd.Series, row: int, value: object) -> pd.Series:
    listed: list[object] = column.tolist()
    listed[row] = value
    return pd.Series(listed, index=column.index)


def with_values(row: int, **values: object) -> Spoil:
    def spoil(season: pd.DataFrame) -> pd.DataFrame:
        return season.assign(**{name: _put(season[name], row, value) for name, value in values.items()})

    return spoil


ONE_ROW: dict[str, Spoil] = {
    "a cancelled game as 0-0": with_values(10, home_pts=0.0, away_pts=0.0),
    "a zero for a missing score": with_values(10, away_pts=0.0),
    "half a score": with_values(10, away_pts=np.nan),
    "a draw": with_values(10, home_pts=99.0, away_pts=99.0),
    "a pre-season game": with_values(10, season_type="preseason"),
    "an All-Star game": with_values(10, home="Team LeBron", away="Team Stephen"),
    "another source's name": with_values(10, home="PHO"),
    "a full name": with_values(10, away="Boston Celtics"),
    "a team against itself": with_values(10, home="BOS", away="BOS"),
    "a spreadsheet's date": with_values(10, date="05/11/2018"),
    "a month that is none": with_values(10, date="2018-16-10"),
    "a season by its first year": with_values(600, season=2018),
    "neither regular nor playoff": with_values(10, season_type=None),
    "a status of its own": with_values(10, status="done"),
    "a flag that is none": with_values(10, neutral=2),
}


@pytest.mark.parametrize("fault", ONE_ROW)
def test_one_bad_row_is_set_aside_and_no_other(run: Run, season: pd.DataFrame, fault: str) -> None:
    answer = run("games", ONE_ROW[fault](season))
    assert answer["verdict"] == "PASS", answer["failed"]
    assert set_aside(answer) == [600 if "first year" in fault else 10]


def day_month(season: pd.DataFrame) -> pd.DataFrame:
    return season.assign(date=pd.to_datetime(season["date"]).dt.strftime("%d/%m/%Y"))


def turned(season: pd.DataFrame) -> pd.DataFrame:
    """Return day and month exchanged wherever the result is a date."""
    parts = season["date"].str.split("-", expand=True)
    early = parts[2].astype(int) <= 12
    return season.assign(date=season["date"].where(~early, parts[0] + "-" + parts[2] + "-" + parts[1]))


def dead(column: str) -> Spoil:
    return lambda season: season.assign(**{column: season[column].where(season["date"] < "2019-01-16")})


def with_zeros(season: pd.DataFrame) -> pd.DataFrame:
    return season.assign(home_pts=season["home_pts"].where(season.index % 9 > 0, 0))


def pointer(_: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame({POINTER + "/spec/v1": ["oid sha256:4d7a", "size 12"]})


WHOLE_FILE: dict[str, tuple[Spoil, str]] = {
    "home and away exchanged": (lambda s: s.rename(columns=SWAPPED), "expect_share_of_rows_to_be_between"),
    "a column that died": (dead("overtimes"), "expect_columns_to_stay_alive"),
    "a text column that died": (dead("tip_et"), "expect_columns_to_stay_alive"),
    "labelled by first year": (lambda s: s.assign(season=s["season"] - 1), "expect_dates_to_lie_in_season"),
    "a spreadsheet's dates": (day_month, "expect_column_values_to_match_regex"),
    "day and month exchanged": (turned, "expect_dates_to_lie_in_season"),
    "other names": (lambda s: s.replace({"home": {"CHA": "CHO"}}), "expect_column_values_to_be_in_set"),
    "all rows twice": (lambda s: pd.concat([s, s]), "expect_rows_to_appear_once"),
    "zeros for missing": (with_zeros, "expect_column_values_to_be_between"),
    "no score column": (lambda s: s.drop(columns="home_pts"), "expect_column_to_exist"),
    "no rows": (lambda s: s.head(0), "expect_table_row_count_to_be_between"),
    "a storage pointer": (pointer, "expect_table_to_be_no_pointer"),
}


@pytest.mark.parametrize("fault", WHOLE_FILE)
def test_a_bad_file_fails_by_the_expectations_name(run: Run, season: pd.DataFrame, fault: str) -> None:
    spoil, expectation = WHOLE_FILE[fault]
    answer = run("games", spoil(season))
    assert answer["verdict"] == "FAIL"
    assert expectation in failed(answer)


def test_duplicates_are_set_aside_and_one_copy_stays(run: Run, season: pd.DataFrame) -> None:
    doubled = pd.concat([season, season.iloc[[3, 500]]], ignore_index=True)
    assert set_aside(run("games", doubled)) == [len(season), len(season) + 1]


def test_the_same_game_with_two_results_is_set_aside_altogether(run: Run, season: pd.DataFrame) -> None:
    other = season.iloc[[3]].assign(home_pts=200.0)
    assert set_aside(run("games", pd.concat([season, other], ignore_index=True))) == [3, len(season)]


def test_a_mixture_of_populations_fails(run: Run, season: pd.DataFrame) -> None:
    early = season.head(130).assign(season_type="preseason", date="2018-09-30", game_id=lambda f: "9" + f["game_id"])
    assert run("games", pd.concat([early, season], ignore_index=True))["verdict"] == "FAIL"


@pytest.mark.slow
def test_playoff_games_flagged_by_the_calendar_as_regular_fail(run: Run, real_games: pd.DataFrame) -> None:
    season = real_games[real_games["season"] == 1999]
    assert run("games", season)["verdict"] == "PASS"
    answer = run("games", season.assign(season_type="regular"))
    assert failed(answer) == {"expect_no_series"}


def test_beside_a_schedule_exchanged_names_and_moved_dates_fail_in_any_file_of_games(
    run: Run, season: pd.DataFrame
) -> None:
    assert run("games", season, schedule=season)["quarantined"] == []
    names_alone = run("games", season.rename(columns={"home": "away", "away": "home"}), schedule=season)
    assert "the schedule has home and away the other way round" in str(names_alone["failed"])
    early = season.assign(date=(pd.to_datetime(season["date"]) - pd.Timedelta(days=1)).dt.strftime("%Y-%m-%d"))
    assert "the schedule has the game on another date" in str(run("training", early, schedule=season)["failed"])


@pytest.mark.slow
def test_ids_show_columns_that_were_exchanged_and_dates_that_moved(run: Run, real_games: pd.DataFrame) -> None:
    night = real_games[real_games["date"] == "2019-01-05"]
    names_alone = night.rename(columns={"home": "away", "away": "home"})
    a_day_early = night.assign(date="2019-01-04")
    assert "expect_ids_to_spell_their_row" in failed(run("games", names_alone))
    assert "expect_ids_to_spell_their_row" in failed(run("games", a_day_early))


def busiest(season: pd.DataFrame) -> pd.DataFrame:
    """Return the games of the night with the most."""
    night = season["date"].value_counts().idxmax()
    return season[season["date"] == night].reset_index(drop=True)


@pytest.fixture
def slate(season: pd.DataFrame) -> pd.DataFrame:
    """Return the games of one night before tip-off."""
    return busiest(season).drop(columns=["home_pts", "away_pts", "overtimes"]).assign(status="scheduled")


def test_a_neutral_block_passes(run: Run, slate: pd.DataFrame) -> None:
    answer = run("slates", slate.assign(neutral=1))
    assert (answer["verdict"], answer["quarantined"]) == ("PASS", [])


def test_a_slate_against_the_schedule(run: Run, slate: pd.DataFrame) -> None:
    assert run("slates", slate, schedule=slate)["quarantined"] == []
    swapped = run("slates", slate.rename(columns={"home": "away", "away": "home"}), schedule=slate)
    assert swapped["verdict"] == "FAIL"
    assert "the schedule has home and away the other way round" in str(swapped["failed"])
    moved = slate.assign(date=slate["date"].where(slate.index != 2, "2018-10-30"))
    assert set_aside(run("slates", moved, schedule=slate)) == [2]


def test_a_game_of_another_night_is_set_aside(run: Run, slate: pd.DataFrame) -> None:
    answer = run("slates", slate.assign(date=["2019-04-30", *slate["date"][1:]]), nights=[slate["date"][0]])
    assert set_aside(answer) == [0]


def test_an_empty_slate_is_not_no_games_today(run: Run, slate: pd.DataFrame) -> None:
    assert run("slates", slate.head(0))["verdict"] == "FAIL"


def test_a_game_twice_in_a_slate_is_scored_once(run: Run, slate: pd.DataFrame) -> None:
    assert set_aside(run("slates", pd.concat([slate, slate.iloc[[0]]], ignore_index=True))) == [len(slate)]


def test_results_without_a_game_and_exchanged_results_are_found_by_the_schedule(run: Run, season: pd.DataFrame) -> None:
    night = busiest(season)
    assert run("results", night, schedule=night)["quarantined"] == []
    assert set_aside(run("results", night, schedule=night.drop(index=1), complete=True)) == [1]
    turned_one = night.copy()
    turned_one.loc[1, list(SWAPPED)] = night.loc[1, list(SWAPPED.values())].to_numpy()
    assert set_aside(run("results", turned_one, schedule=night)) == [1]
    assert run("results", night.rename(columns=SWAPPED), schedule=night)["verdict"] == "FAIL"


def test_results_meet_the_schedule_by_date_and_teams_where_their_ids_are_another_sources(
    run: Run, season: pd.DataFrame
) -> None:
    night = busiest(season)
    foreign = night.assign(game_id=[f"x{row}" for row in night.index])
    assert run("results", foreign, schedule=night)["quarantined"] == []
    assert run("results", foreign.rename(columns=SWAPPED), schedule=night)["verdict"] == "FAIL"


def test_a_night_that_is_half_over_passes(run: Run, season: pd.DataFrame) -> None:
    night = busiest(season)
    night.loc[:2, ["home_pts", "away_pts"]] = np.nan
    night.loc[:2, "status"] = "scheduled"
    answer = run("results", night)
    assert (answer["verdict"], answer["quarantined"]) == ("PASS", [])
