"""Connections to the store: SQLite and PostgreSQL behave alike behind `reading` and `writing`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

from sqlalchemy import Connection, Engine, create_engine, event, func, make_url, select
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, NoSuchModuleError
from sqlalchemy.pool import ConnectionPoolEntry

from blocks.errors import Refused
from blocks.sql.failure import asking

DIALECTS = ("sqlite", "postgresql")


def open_engine(url: str, wait_seconds: float = 10.0) -> Engine:
    """Return the engine of a store, one per process and address; nothing is connected yet.

    wait_seconds: how long a call waits for another writer's lock or for a connection. Raises Refused for an address
    that cannot be a store.
    """
    return _engine(url, wait_seconds, os.getpid())


@lru_cache(maxsize=32)
def _engine(url: str, wait_seconds: float, _process: int) -> Engine:
    # The process is part of the key, because a connection must not cross a fork.
    address = parsed(url)
    try:
        engine = (
            create_engine(
                address,
                connect_args=_connect_args(address, wait_seconds),
                pool_timeout=wait_seconds,
                pool_pre_ping=address.get_backend_name() == "postgresql",
                hide_parameters=True,
            )
            if not _in_memory(address)
            else create_engine(address, hide_parameters=True)
        )
    except ModuleNotFoundError as error:
        raise Refused(f"The driver of {address.drivername} is not installed.", _DRIVER) from error
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


_DRIVER = 'Install it: pip install "gamenight[postgres]".'


def parsed(url: str) -> URL:
    """Return the address of a store; `postgresql://` means the driver psycopg. Raises Refused for anything else.

    >>> parsed("postgresql://night@localhost/games").drivername
    'postgresql+psycopg'
    """
    try:
        address = make_url(url)
        backend = address.get_backend_name()
    except (ArgumentError, NoSuchModuleError, ValueError) as error:
        raise Refused("The store's url is not a database URL.", "Write it as sqlite:////path/store.db.") from error
    if backend == "postgres" or address.drivername == "postgresql":
        return address.set(drivername="postgresql+psycopg")
    if backend not in DIALECTS:
        raise Refused(f"The store cannot live in {backend}.", "Name a SQLite or a PostgreSQL database.")
    return address


def _in_memory(address: URL) -> bool:
    return address.get_backend_name() == "sqlite" and address.database in (None, "", ":memory:")


def _connect_args(address: URL, wait_seconds: float) -> dict[str, object]:
    if address.get_backend_name() == "sqlite":
        return {"timeout": wait_seconds, "check_same_thread": False}
    given = address.query.get("options", "")
    return {
        "connect_timeout": max(2, round(wait_seconds)),
        "options": f"-c lock_timeout={round(wait_seconds * 1000)} {given}".strip(),
        "application_name": "gamenight",
    }


def _prepare_sqlite(connection: object, _entry: ConnectionPoolEntry) -> None:
    # SQLAlchemy, not sqlite3, begins transactions, so that a writer takes its lock at BEGIN and never deadlocks later.
    connection.isolation_level = None  # type: ignore[attr-defined]  # a sqlite3.Connection
    cursor = connection.cursor()  # type: ignore[attr-defined]
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def reading(engine: Engine, question: str) -> Iterator[Connection]:
    """Open one read transaction; errors name the question."""
    with asking(engine, question), engine.connect() as connection, connection.begin():
        yield connection


@contextmanager
def writing(engine: Engine, question: str, turn: str | None = None) -> Iterator[Connection]:
    """Open one write transaction: all of it is kept or none.

    turn: writers that read before they write name what they take turns at, and wait for each other there.
    """
    with (
        asking(engine, question),
        engine.connect().execution_options(writes=True) as connection,
        connection.begin(),
    ):
        if turn is not None and connection.dialect.name == "postgresql":
            connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"gamenight {turn}", 0))))
        yield connection
