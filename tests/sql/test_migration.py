"""A store is brought to this code's tables, and never past them."""

from __future__ import annotations

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, text

from blocks.errors import Refused
from blocks.sql.engine import open_engine, reading, writing
from blocks.sql.migration import VERSION_TABLE, migrate, newest, revision_of
from blocks.sql.tables import METADATA


def test_the_migrations_build_the_tables_that_the_code_uses(engine: Engine) -> None:
    with reading(engine, "compare") as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE, "compare_type": True})
        assert compare_metadata(context, METADATA) == []


def test_migrating_again_changes_nothing(engine: Engine) -> None:
    assert migrate(engine) == revision_of(engine) == newest()


def test_a_store_newer_than_the_code_is_refused_and_left_alone(engine: Engine) -> None:
    with writing(engine, "age") as connection:
        connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '9999'"))
    with pytest.raises(Refused, match=r"revision 9999.*newest is 0003.*newer one"):
        migrate(engine)
    assert revision_of(engine) == "9999"


def test_a_store_that_was_never_migrated_says_so(empty_url: str) -> None:
    engine = open_engine(empty_url)
    assert revision_of(engine) is None
    with pytest.raises(Refused, match=r"no such table.*migrate"), writing(engine, "write") as connection:
        connection.execute(text("INSERT INTO slates (model) VALUES ('m')"))
