"""Keep what people were given of a slate."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create the table of publications, and let the database refuse a change to it."""
    op.create_table(
        "publications",
        sa.Column("model", sa.String, nullable=False),
        sa.Column("slate", sa.String, nullable=False),
        sa.Column("unit", sa.String, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("home", sa.String),
        sa.Column("away", sa.String),
        sa.Column("tip_at", _MOMENT),
        sa.Column("p", sa.Float(53)),
        sa.Column("version", sa.String),
        sa.Column("role", sa.String),
        sa.Column("made_at", _MOMENT),
        sa.Column("left_out", sa.Text),
        sa.Column("published_at", _MOMENT, nullable=False),
        sa.Column("digest", sa.String, nullable=False),
        sa.PrimaryKeyConstraint("model", "slate", "unit", "revision", name="pk_publications"),
        sa.CheckConstraint("revision >= 1", name="ck_publications_revision_from_one"),
    )
    _seal("publications")


def _seal(table: str) -> None:
    if op.get_bind().dialect.name == "sqlite":
        for change in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_sealed_{change.lower()} BEFORE {change} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, 'rows of {table} are sealed'); END"
            )
        return
    op.execute(
        f"CREATE TRIGGER {table}_sealed BEFORE UPDATE OR DELETE ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION gamenight_sealed()"
    )
