"""The gates as steps of a flow: what fails stops it by name, and the page is there either way."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey
from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings
from prefect.testing.utilities import prefect_test_harness

from blocks.errors import NotFound
from blocks.platform import Platform
from tasks.gates import DataGate, GateFailed, data_gate, must_pass, passed, read_locked
from tasks.outcomes import must_pass_by_night
from tasks.rollout.policy import read_policy
from tasks.rollout.verdict import Verdict


def gate_on(suite: str, dry_run: bool = False) -> DataGate:
    """Return a gate that asks a suite of nba-win."""
    return DataGate("nba-win", suite, f"nba-win/{suite}", dry_run)


def test_rows_that_are_set_aside_are_gone_and_named(platform: Platform, season: pd.DataFrame) -> None:
    season.loc[4, ["home_pts", "away_pts"]] = 0.0
    answer = must_pass.fn(platform, gate_on("games"), season)
    assert len(answer.frame) == len(season) - 1
    assert list(answer.why) == [season["game_id"][4]]
    assert (answer.gate.verdict, answer.gate.why) == (Verdict.PASS, f"{len(season)} rows, 1 set aside")


def test_a_table_that_passes_whole_is_handed_on_as_it_is(platform: Platform, season: pd.DataFrame) -> None:
    assert must_pass.fn(platform, gate_on("games"), season).frame is season


def no(*names: str) -> dict[str, object]:
    """Return the answer of a gate in which these expectations failed."""
    failures = [{"expectation": name, "column": "p", "why": "no"} for name in names]
    return {"suite": "m/s", "verdict": "FAIL", "failed": failures, "quarantined": []}


def test_a_failure_names_every_expectation(season: pd.DataFrame) -> None:
    with pytest.raises(GateFailed, match=r"gate m/s: expect_a on p: no; expect_b on p: no"):
        passed(season, no("expect_a", "expect_b"), gate_on("games"))


def test_an_error_is_no_pass(season: pd.DataFrame) -> None:
    with pytest.raises(GateFailed):
        passed(season, no() | {"verdict": "ERROR"}, gate_on("games"))


def test_a_dry_run_shows_what_it_found_and_lets_everything_pass(season: pd.DataFrame) -> None:
    answer = passed(season, no("expect_a"), gate_on("games", dry_run=True))
    assert answer.frame is season
    assert (answer.gate.verdict, answer.gate.counted) == (Verdict.FAIL, Verdict.PASS)
    assert "expect_a on p: no" in answer.gate.why


def test_a_policy_says_which_suite_a_gate_asks_and_whether_it_counts() -> None:
    policy = read_policy({"model": "m", "gates": {"slates": "nights.yaml", "dry_run": ["slates"]}}, "policy")
    assert data_gate(policy, "slates") == DataGate("m", "slates", "m/nights", dry_run=True)
    assert data_gate(policy, "evidence") == DataGate("m", "evidence", "m/evidence")


def test_a_gate_of_a_suite_that_a_model_may_lack_is_not_asked_and_a_named_one_must_be_there(
    platform: Platform, season: pd.DataFrame
) -> None:
    answer = must_pass.fn(platform, DataGate("m", "evidence", "m/evidence"), season)
    assert answer.frame is season
    assert "not asked" in answer.gate.why
    with pytest.raises(NotFound, match="slates"):
        must_pass.fn(platform, DataGate("m", "slates", "m/slates"), season)


def test_nights_are_held_against_their_suite_together_and_come_back_apart(
    platform: Platform, season: pd.DataFrame
) -> None:
    first, second = (season[season["date"] == date].reset_index(drop=True) for date in season["date"].unique()[:2])
    second.loc[0, "home_pts"] = 0.0
    moved = first.head(1).assign(status="moved", home_pts=float("nan"), away_pts=float("nan"))
    nights = {"n1": pd.concat([first, moved]), "n2": second, "n3": season.head(0)}
    answer = must_pass_by_night.fn(platform, gate_on("results"), nights).nights
    assert {night: len(frame) for night, frame in answer.items()} == {
        "n1": len(first) + 1,
        "n2": len(second) - 1,
        "n3": 0,
    }
    assert "moved" in answer["n1"]["status"].tolist()
    assert season["game_id"].iloc[0] in answer["n1"]["game_id"].tolist()


def test_no_night_at_all_has_nothing_to_check(platform: Platform) -> None:
    assert must_pass_by_night.fn(platform, gate_on("results"), {}).nights == {}


def test_results_are_held_against_the_slates_as_they_were_locked(platform: Platform, season: pd.DataFrame) -> None:
    date = season["date"].unique()[3]
    night = season[season["date"] == date].reset_index(drop=True)
    games = [
        {"game_id": game["game_id"], "home": game["home"], "away": game["away"], "tip": "2019-01-05T23:00:00+00:00"}
        for game in night.head(4).to_dict("records")
    ]
    manifest = {"games": games, "deadline": "2019-01-05T22:00:00+00:00"}
    platform.store.migrate()
    platform.store.lock_manifest("nba-win", date, manifest, datetime(2019, 1, 5, tzinfo=UTC))
    locked = read_locked.fn(platform, "nba-win", [date])
    assert must_pass.fn(platform, gate_on("results"), night, locked).why == {}
    swapped = night.copy()
    swapped.loc[0, ["home", "away"]] = night.loc[0, ["away", "home"]].to_numpy()
    [(unit, why)] = must_pass.fn(platform, gate_on("results"), swapped, locked).why.items()
    assert unit == night["game_id"][0]
    assert "the other way round" in why
    assert read_locked.fn(platform, "nba-win", []) == {}


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
    platform: Platform, season: pd.DataFrame, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    reached = []

    @flow(name="gated")
    def gated() -> None:
        dry = must_pass(platform, gate_on("games", dry_run=True), season.drop(columns="away"))
        reached.append(dry.gate.verdict)
        must_pass(platform, gate_on("games"), season)
        swapped = season.rename(columns={"home_pts": "away_pts", "away_pts": "home_pts"})
        must_pass(platform, gate_on("results"), swapped)
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
        ("gate games", "Completed"),
        ("gate games", "Completed"),
        ("gate results", "Failed"),
    ]
    [run_id] = re.findall(r"MLflow run (\w{32})", str(page.data))
    docs = platform.registry.run_text(run_id, "data_docs.html")
    assert "expect_share_of_rows_to_be_between" in platform.registry.run_text(run_id, "answer.json")
    assert docs.lstrip().startswith("<!DOCTYPE html>")
    assert "home_pts" in docs
