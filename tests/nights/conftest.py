"""A model in the middle of its rollout, made once; every test gets a copy."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import pytest
from worlds import World, in_canary


@pytest.fixture(scope="session")
def original(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Return a world whose challenger serves a quarter of the games or less."""
    logging.getLogger("mlflow").setLevel(logging.ERROR)
    logging.getLogger("alembic").setLevel(logging.ERROR)
    return in_canary(tmp_path_factory.mktemp("canary") / "home")


@pytest.fixture
def fresh(original: World, tmp_path: Path) -> Callable[[], World]:
    """Return a call that makes one more copy of the world."""
    made: list[World] = []

    def copy() -> World:
        made.append(original.copy(tmp_path / f"home-{len(made)}"))
        return made[-1]

    return copy


@pytest.fixture
def world(fresh: Callable[[], World]) -> World:
    """Return a copy of the world."""
    return fresh()
