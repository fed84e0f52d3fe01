"""Bring a store to the tables this code knows, and never past them."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine

from blocks.errors import Refused
from blocks.sql.engine import reading, writing

VERSION_TABLE = "gamenight_version"


def migrate(engine: Engine) -> str:
    """Run the revisions a store lacks, all or none, and return the revision it stands at.

    Running it again, or in two processes at once, changes nothing more. Raises Refused for a store that is newer than
    this code.
    """
    if revision_of(engine) == newest():
        return newest()
    with writing(engine, "migrate the store", turn="migrations") as connection:
        standing = _revision(connection)
        if standing is not None and standing not in _known():
            raise _too_new(engine, standing)
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    return newest()


def revision_of(engine: Engine) -> str | None:
    """Return the revision a store stands at, None before its first migration."""
    with reading(engine, "read the store's revision") as connection:
        return _revision(connection)


def newest() -> str:
    """Return the newest revision this code knows."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    if head is None:
        raise Refused("This installation has no migrations.", "Install gamenight again.")
    return head


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    return config


def _known() -> set[str]:
    return {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}


def _revision(connection: Connection) -> str | None:
    context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
    return context.get_current_revision()


def _too_new(engine: Engine, standing: str) -> Refused:
    address = engine.url.render_as_string(hide_password=True)
    return Refused(
        f"The store at {address} stands at revision {standing}, which this gamenight does not know "
        f"(its newest is {newest()}).",
        "Use the gamenight that migrated it, or a newer one, or name another store.",
    )
