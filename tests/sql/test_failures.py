"""A store that cannot answer says what was asked, of whom, and what to do."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from pydantic import SecretStr

from blocks.errors import Refused, Unavailable
from blocks.sql.engine import open_engine, parsed, writing
from blocks.sql.migration import migrate
from blocks.store import Store
from tests.postgres import PostgresServer


def store_at(url: str, wait_seconds: float = 0.2) -> Store:
    return Store(url=SecretStr(url), wait_seconds=wait_seconds)


def test_a_locked_file_is_unavailable_with_a_remedy(tmp_path: Path) -> None:
    store = store_at(f"sqlite:///{tmp_path / 'store.db'}")
    store.migrate()
    holder = sqlite3.connect(tmp_path / "store.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(Unavailable, match=r"ship the journal.*store\.db is locked.*Try again"):
        store.ship_journal([])
    assert store.journal("m").empty, "readers go on"
    holder.rollback()
    assert store.ship_journal([]) == 0
    holder.close()


def test_a_folder_that_does_not_exist_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=r"could not be opened.*folder exists"):
        store_at(f"sqlite:///{tmp_path / 'nowhere' / 'store.db'}").migrate()


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "store.db").write_text("a note, not a database, long enough to be read as a header of one" * 4)
    with pytest.raises(Refused, match="no database"):
        store_at(f"sqlite:///{tmp_path / 'store.db'}").migrate()


def test_a_server_that_is_away_is_unavailable_and_its_password_is_not_told() -> None:
    with pytest.raises(Unavailable, match=r"did not answer.*Check that it runs") as caught:
        store_at("postgresql://night:tipoff@127.0.0.1:1/games").migrate()
    assert "tipoff" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "words"),
    [("games.db", "not a database URL"), ("mysql://host/games", "mysql"), ("oracle+cx://h/g", "oracle")],
)
def test_an_address_that_cannot_be_a_store_is_refused(url: str, words: str) -> None:
    with pytest.raises(Refused, match=words):
        store_at(url).migrate()


def test_the_short_name_of_postgresql_means_the_driver_that_is_shipped() -> None:
    assert parsed("postgres://h/g").drivername == parsed("postgresql://h/g").drivername == "postgresql+psycopg"


@pytest.mark.slow
def test_a_writers_turn_that_does_not_come_is_unavailable(postgres: PostgresServer) -> None:
    url = postgres.new_database()
    first, second = open_engine(url, 5.0), open_engine(url, 0.2)
    migrate(first)
    with (
        writing(first, "hold", turn="slates m"),
        pytest.raises(Unavailable, match=r"locked by another writer.*Try again"),
        writing(second, "lock", turn="slates m"),
    ):
        pass
    first.dispose()
    second.dispose()


@pytest.mark.slow
def test_a_server_that_went_away_is_unavailable_and_comes_back(postgres: PostgresServer) -> None:
    store = store_at(postgres.new_database(), 5.0)
    store.migrate()
    postgres.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
    assert store.ship_journal([]) == 0
