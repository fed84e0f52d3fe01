"""The worlds that the verbs are driven on."""

from __future__ import annotations

from pathlib import Path

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
