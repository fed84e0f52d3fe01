"""Bad games reach a real flow: it stops at the gate by the expectation's name, and nothing of the night is written."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pandas as pd
import pytest
from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings
from prefect.testing.utilities import prefect_test_harness
from worlds import MODEL, World, with_champion

from blocks.__main__ import save
from flows.retrain import retrain
from flows.score_slate import score_slate
from flows.settle import settle
from tasks.calendar import Night

pytestmark = pytest.mark.slow

NAME = "stories"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = with_champion(tmp_path_factory.mktemp("gates"))
    with (
        prefect_test_harness(server_startup_timeout=120),
        temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}),
    ):
        save(made.platform, NAME)
        yield made


@pytest.fixture
def night(world: World) -> Night:
    return next(iter(world.unplayed()))


def games_of(world: World) -> pd.DataFrame:
    """Return every game in the drop."""
    return pd.concat(
        pd.read_csv(file, dtype={"game_id": str}) for file in sorted((world.home / "games").glob("season-*.csv.gz"))
    )


@contextmanager
def a_late_file(world: World, games: pd.DataFrame) -> Iterator[None]:
    """Drop one more file, which gives some games anew, and take it away again."""
    file = world.home / "games" / "zz-late.csv"
    games.to_csv(file, index=False)
    try:
        yield
    finally:
        file.unlink()


def wrong_on(night: Night, world: World, **wrong: object) -> pd.DataFrame:
    """Return the games of a night with something wrong about every one of them."""
    games = games_of(world)
    return games[games["date"] == night.date].assign(**wrong)


def failed(flow: Any, *arguments: object) -> str:
    """Run a flow that must fail, and return what its run says."""
    state = flow(*arguments, return_state=True)
    assert state.is_failed(), state
    return str(state.message)


def test_a_bad_slate_locks_and_seals_nothing_and_a_good_one_goes_on(world: World, night: Night) -> None:
    with a_late_file(world, wrong_on(night, world, season_type="exhibition")):
        said = failed(score_slate, MODEL, NAME, night.date, night.scored)
    assert "gate nba-win/slates: expect_column_values_to_be_in_set on season_type" in said
    assert world.platform.store.manifest(MODEL, night.date) is None
    assert world.platform.store.predictions(MODEL, slates=[night.date]).empty
    assert not (world.home / "published" / MODEL / f"{night.date}.csv").exists()
    assert score_slate(MODEL, NAME, night.date, night.scored)["games"]


def test_bad_results_record_nothing_and_good_ones_close_the_night(world: World, night: Night) -> None:
    score_slate(MODEL, NAME, night.date, night.scored)
    with a_late_file(world, wrong_on(night, world, home_pts=3, away_pts=2)):
        said = failed(settle, MODEL, NAME, night.morning)
    assert "gate nba-win/results: expect_column_values_to_be_between on home_pts" in said
    assert night.date not in set(world.platform.store.outcomes(MODEL)["slate"])
    assert night.date in settle(MODEL, NAME, night.morning).closed


def test_bad_history_trains_and_registers_nothing(world: World, night: Night) -> None:
    before = world.platform.registry.versions(MODEL)
    games = games_of(world)
    exchanged = games[games["season"] == games["season"].max() - 1].rename(
        columns={"home_pts": "away_pts", "away_pts": "home_pts"}
    )
    with a_late_file(world, exchanged):
        said = failed(retrain, MODEL, NAME, "logistic", 3, 300, 0, night.scored)
    assert "gate nba-win/training: expect_share_of_rows_to_be_between" in said
    assert world.platform.registry.versions(MODEL) == before
