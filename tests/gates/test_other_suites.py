"""Odds, box scores, features, forecasts and the ledger."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from tasks.nba.features import training_frame
from tasks.nba.teams import TEAMS
from tests.gates.conftest import ROOT, failed, set_aside

Run = Callable[..., dict[str, Any]]
TIP = datetime(2019, 1, 6, tzinfo=UTC)


@pytest.fixture(scope="module")
def odds(generated: pd.DataFrame) -> pd.DataFrame:
    """Return plausible prices of a generated season."""
    p = np.random.default_rng(3).beta(4.5, 3.0, len(generated)).clip(0.06, 0.94)
    columns = ["season", "date", "season_type", "home", "away"]
    return generated[columns].assign(
        game_uid=generated["game_id"],
        ml_home=american(p * 1.04),
        ml_away=american((1 - p) * 1.04),
        spread_home=((p - 0.5) * 28).round(),
        total=210.0,
    )


def american(p: np.ndarray) -> np.ndarray:
    """Return the American price that implies a probability."""
    return np.asarray(np.where(p > 0.5, -100 * p / (1 - p), 100 * (1 - p) / p).round())


def test_prices_that_are_plausible_pass(run: Run, odds: pd.DataFrame) -> None:
    answer = run("odds", odds)
    assert (answer["verdict"], answer["quarantined"]) == ("PASS", [])


@pytest.mark.parametrize(
    "values",
    [
        {"ml_home": -650.0, "ml_away": -650.0},
        {"ml_home": 240.0, "ml_away": 150.0},
        {"ml_home": 0.0, "ml_away": 0.0},
        {"ml_home": -300.0, "ml_away": 250.0, "spread_home": -7.0},
        {"total": 0.0},
        {"home": "Team LeBron"},
        {"away": None},
    ],
)
def test_a_price_that_cannot_be_is_set_aside(run: Run, odds: pd.DataFrame, values: dict[str, object]) -> None:
    spoiled = odds.copy().astype({name: "object" for name in values if isinstance(values[name], str | None)})
    for name, value in values.items():
        spoiled.iloc[7, spoiled.columns.get_loc(name)] = value  # type: ignore[call-overload]
    assert set_aside(run("odds", spoiled)) == [7]


def test_moneylines_that_stop_in_mid_season_fail(run: Run, odds: pd.DataFrame) -> None:
    gone = odds.assign(ml_home=odds["ml_home"].where(odds["date"] <= "2019-01-16"))
    answer = run("odds", gone)
    assert failed(answer) == {"expect_columns_to_stay_alive"}
    assert "ml_home is empty after 2019-01-16" in answer["failed"][0]["why"]


def test_exchanged_prices_fail(run: Run, odds: pd.DataFrame) -> None:
    swapped = odds.rename(columns={"ml_home": "ml_away", "ml_away": "ml_home"}).assign(spread_home=-odds["spread_home"])
    assert failed(run("odds", swapped)) == {"expect_share_of_rows_to_be_between"}


@pytest.mark.slow
def test_a_players_minutes_a_percentage_of_no_tries_and_a_lost_row_are_found(run: Run, real_box: pd.DataFrame) -> None:
    season = real_box[real_box["season"] == 2018].reset_index(drop=True)
    assert run("box", season)["quarantined"] == []
    assert "expect_rows_to_satisfy" in failed(run("box", season.assign(min=48)))
    share = season.assign(fg3_pct=season["fg3m"] / season["fg3a"], fg3a=season["fg3a"].where(season.index != 4, 0))
    share.loc[4, ["fg3m", "fg3_pct"]] = 0.0
    assert 4 in set_aside(run("box", share))
    assert set_aside(run("box", season.drop(index=9).reset_index(drop=True))) == [8]
    assert failed(run("box", season.assign(is_home=1 - season["is_home"]))) == {"expect_share_of_rows_to_be_between"}
    assert failed(run("box", season.assign(blk=season["blk"].where(season.index % 4 > 0, 0)))) == {
        "expect_zeros_to_be_rare"
    }


def test_features_pass_and_their_faults_do_not(run: Run, generated: pd.DataFrame) -> None:
    frame = training_frame(generated)
    assert run("features", frame)["failed"] == []
    assert failed(run("features", frame.assign(home_elo=0.0))) >= {"expect_column_values_to_be_between"}
    assert failed(run("features", frame.assign(home_form=0.0))) == {"expect_zeros_to_be_rare"}
    assert failed(run("features", frame.assign(status="scheduled"))) == {"expect_column_values_to_be_in_set"}
    assert failed(run("features", frame.drop(columns="away_rest"))) == {"expect_column_to_exist"}
    assert failed(run("features", frame.assign(home_win=1 - frame["home_win"]))) == {
        "expect_share_of_rows_to_be_between"
    }


@pytest.fixture
def forecasts() -> pd.DataFrame:
    """Return two versions' forecasts of one slate."""
    rows = [
        {"slate": "2019-01-05", "unit": f"g{game}", "version": version, "role": "champion", "served": True}
        | {"p": 0.3 + game / 20, "made_at": TIP - timedelta(hours=1), "tip_at": TIP}
        for version in "12"
        for game in range(8)
    ]
    return pd.DataFrame(rows)


def test_forecasts_pass(run: Run, forecasts: pd.DataFrame) -> None:
    answer = run("predictions", forecasts)
    assert (answer["verdict"], answer["quarantined"]) == ("PASS", [])


@pytest.mark.parametrize("p", [np.nan, 1.2, -0.1, np.inf])
def test_one_impossible_forecast_is_set_aside(run: Run, forecasts: pd.DataFrame, p: float) -> None:
    forecasts.loc[3, "p"] = p
    assert set_aside(run("predictions", forecasts)) == [3]


def test_a_forecast_at_tip_off_is_set_aside(run: Run, forecasts: pd.DataFrame) -> None:
    forecasts.loc[3, "made_at"] = TIP
    assert set_aside(run("predictions", forecasts)) == [3]


def test_one_number_for_every_game_fails(run: Run, forecasts: pd.DataFrame) -> None:
    constant = forecasts.assign(p=forecasts["p"].where(forecasts["version"] == "1", 0.6))
    assert failed(run("predictions", constant)) == {"expect_forecasts_to_differ"}


def test_two_forecasts_of_one_game_at_one_time_fail(run: Run, forecasts: pd.DataFrame) -> None:
    answer = run("predictions", pd.concat([forecasts, forecasts.head(1)]))
    assert failed(answer) == {"expect_rows_to_appear_once"}


def test_a_forecast_of_a_game_that_moved_is_set_aside(run: Run, forecasts: pd.DataFrame) -> None:
    schedule = pd.DataFrame({"unit": [f"g{game}" for game in range(8)], "slate": "2019-01-05"})
    schedule.loc[2, "slate"] = "2019-02-01"
    assert set_aside(run("predictions", forecasts, schedule=schedule)) == [2, 10]


@pytest.fixture(scope="module")
def ledger() -> pd.DataFrame:
    """Return the ledger of two good forecasters over 300 games."""
    rng = np.random.default_rng(5)
    p = rng.beta(4.5, 3.0, 300)
    night = [f"2019-01-{day + 1:02d}" for day in range(30) for _ in range(10)]
    y = (rng.random(300) < p).astype(float)
    return pd.DataFrame({"unit": [f"g{n}" for n in range(300)], "night": night, "p_old": p, "p_new": p * 0.98, "y": y})


def test_a_ledger_passes_and_its_faults_do_not(run: Run, ledger: pd.DataFrame) -> None:
    assert run("evidence", ledger)["failed"] == []
    assert failed(run("evidence", ledger.assign(y=1 - ledger["y"]))) >= {"expect_forecast_to_beat_its_mirror"}
    assert failed(run("evidence", pd.concat([ledger, ledger.tail(1)]))) == {"expect_column_values_to_be_unique"}
    assert failed(run("evidence", ledger.assign(p_new=np.nan))) == {"expect_column_values_to_not_be_null"}
    assert failed(run("evidence", ledger.assign(y=0.5))) >= {"expect_column_values_to_be_in_set"}
    assert failed(run("evidence", ledger.head(0))) == {"expect_table_row_count_to_be_between"}


def test_a_challenger_that_scores_the_other_side_is_left_to_the_judge_with_a_warning(
    run: Run, ledger: pd.DataFrame
) -> None:
    answer = run("evidence", ledger.assign(p_new=1 - ledger["p_new"]))
    assert answer["verdict"] == "PASS"
    assert [one["column"] for one in answer["warnings"]] == ["p_new, y"]


@pytest.mark.parametrize("name", ["games", "slates", "results", "odds", "box"])
def test_every_suite_knows_the_thirty_teams(name: str) -> None:
    text = (ROOT / "deployments" / "models" / "nba-win" / f"{name}.yaml").read_text()
    listed = [
        set(item["kwargs"]["value_set"])
        for item in yaml.safe_load(text)["expectations"]
        if item.get("kwargs", {}).get("column") in ("home", "away", "team", "opp") and "value_set" in item["kwargs"]
    ]
    assert len(listed) == 2
    gone = {"BAL", "INO"} if name == "games" else set()
    assert all(teams == set(TEAMS) | gone for teams in listed)
