"""The gates as steps of a flow: what fails stops it by name, and the page is there either way."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
import pytest
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey
from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings
from prefect.testing.utilities import prefect_test_harness

from blocks.gates import Gates
from tasks.gates import GateFailed, gate, must_pass, must_pass_together, passed


def test_rows_that_are_set_aside_are_gone_and_named(gates: Gates, season: pd.DataFrame) -> None:
    season.loc[4, ["home_pts", "away_pts"]] = 0.0
    answer = must_pass.fn(gates, "nba-win", "games.yaml", season)
    assert len(answer.frame) == len(season) - 1
    assert list(answer.why) == [season["game_id"][4]]


def test_a_table_that_passes_whole_is_handed_on_as_it_is(gates: Gates, season: pd.DataFrame) -> None:
    assert must_pass.fn(gates, "nba-win", "games.yaml", season).frame is season


def test_a_failure_names_every_expectation(season: pd.DataFrame) -> None:
    failures = [{"expectation": name, "column": "p", "why": "no"} for name in ("expect_a", "expect_b")]
    with pytest.raises(GateFailed, match=r"gate m/s: expect_a on p: no; expect_b on p: no"):
        passed(season, {"suite": "m/s", "verdict": "FAIL", "failed": failures, "quarantined": []})


def test_an_error_is_no_pass(season: pd.DataFrame) -> None:
    with pytest.raises(GateFailed):
        passed(season, {"suite": "m/s", "verdict": "ERROR", "failed": [], "quarantined": []})


def test_nights_are_held_against_their_suite_together_and_come_back_apart(gates: Gates, season: pd.DataFrame) -> None:
    first, second = (season[season["date"] == date].reset_index(drop=True) for date in season["date"].unique()[:2])
    second.loc[0, "home_pts"] = 0.0
    moved = first.head(1).assign(status="moved", home_pts=float("nan"), away_pts=float("nan"))
    nights = {"n1": pd.concat([first, moved]), "n2": second, "n3": season.head(0)}
    answer = must_pass_together.fn(gates, "nba-win", "results.yaml", nights)
    assert {night: len(frame) for night, frame in answer.items()} == {
        "n1": len(first) + 1,
        "n2": len(second) - 1,
        "n3": 0,
    }
    assert "moved" in answer["n1"]["status"].tolist()
    assert season["game_id"].iloc[0] in answer["n1"]["game_id"].tolist()


def test_no_night_at_all_has_nothing_to_check(gates: Gates) -> None:
    assert must_pass_together.fn(gates, "nba-win", "results.yaml", {}) == {}


@pytest.fixture(scope="module")
def prefect_server() -> Iterator[None]:
    """Run flows against a server of their own; the heartbeat's join costs a second a run."""
    with (
        prefect_test_harness(server_startup_timeout=120),
        temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}),
    ):
        yield


@pytest.mark.slow
@pytest.mark.usefixtures("prefect_server")
def test_a_broken_expectation_stops_the_flow_there_with_its_name_and_leaves_its_page(
    gates: Gates, season: pd.DataFrame
) -> None:
    reached = []

    @flow(name="gated")
    def gated() -> None:
        reached.append(gate(gates, "nba-win", "games.yaml", season.drop(columns="away"))["verdict"])
        must_pass(gates, "nba-win", "games.yaml", season)
        must_pass(
            gates, "nba-win", "results.yaml", season.rename(columns={"home_pts": "away_pts", "away_pts": "home_pts"})
        )
        reached.append("after")

    state = gated(return_state=True)
    assert state.is_failed()
    assert reached == ["FAIL"]
    assert "expect_share_of_rows_to_be_between" in str(state.message)
    with get_client(sync_client=True) as client:
        runs = client.read_task_runs()
        wanted = ArtifactFilter(key=ArtifactFilterKey(any_=["gate-nba-win-results"]))
        [page] = client.read_artifacts(artifact_filter=wanted)
    assert "Gate nba-win/results: FAIL" in str(page.data)
    assert sorted((run.name, run.state_name) for run in runs) == [
        ("data gate", "Completed"),
        ("data gate", "Failed"),
        ("data gate, without stopping", "Completed"),
    ]
