"""Alembic's entry: run the revisions on the connection that blocks.sql.migration holds open."""

from __future__ import annotations

from alembic import context

from blocks.sql.migration import VERSION_TABLE
from blocks.sql.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    version_table=VERSION_TABLE,
)
with context.begin_transaction():
    context.run_migrations()
