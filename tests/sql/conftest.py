"""A store on each database; the tests of this folder run on both."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import Engine

from blocks.sql.engine import open_engine
from blocks.sql.migration import migrate
from blocks.store import Store
from tests.postgres import PostgresServer, postgres_or_skip


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """Run one server for the session."""
    yield from postgres_or_skip()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the address of a database without tables."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'store.db'}"
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.new_database()


@pytest.fixture
def url(empty_url: str) -> str:
    """Return the address of a migrated store."""
    migrate(open_engine(empty_url))
    return empty_url


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    """Return the engine of a migrated store."""
    engine = open_engine(url)
    yield engine
    engine.dispose()


@pytest.fixture
def store(engine: Engine, url: str) -> Store:
    """Return the block over a migrated store; the engine is the block's own, so that it is closed afterwards."""
    return Store(url=SecretStr(url))
