"""The worlds that the verbs are driven on."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import worlds


@pytest.fixture(scope="session")
def canary_world(tmp_path_factory: pytest.TempPathFactory) -> worlds.World:
    """Return a world whose challenger is in CANARY; only to be read, take a copy to change it."""
    return worlds.in_canary(tmp_path_factory.mktemp("world") / "home")


@pytest.fixture
def own_world(canary_world: worlds.World, tmp_path: Path) -> worlds.World:
    """Return a copy of the world in CANARY that a test may change."""
    return canary_world.copy(tmp_path / "home")


@pytest.fixture(scope="session")
def world_frame(canary_world: worlds.World) -> pd.DataFrame:
    """Return the training frame of the world's past games."""
    from tasks.nba.features import training_frame

    return training_frame(canary_world.platform.source.history(worlds.opening(canary_world, worlds.SEASON)))
