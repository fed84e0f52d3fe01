"""Create the tables, and let the database itself refuse a change to what is sealed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001"
down_revision = None

_DOCUMENT = sa.JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
_MOMENT = sa.DateTime(timezone=True)
_IDENTITY = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Create every table of the first release."""
    _slates()
    _predictions()
    _outcomes()
    _alerts()
    _reports()
    _journal()
    for table in ("slates", "predictions", "outcomes"):
        _seal(table)


def _slates() -> None:
    op.create_table(
        "slates",
        sa.Column("model", sa.String, nullable=False),
        sa.Column("slate", sa.String, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("written_at", _MOMENT, nullable=False),
        sa.Column("deadline", _MOMENT),
        sa.Column("manifest", _DOCUMENT, nullable=False),
        sa.Column("digest", sa.String, nullable=False),
        sa.PrimaryKeyConstraint("model", "slate", "revision", name="pk_slates"),
        sa.CheckConstraint("revision >= 1", name="ck_slates_revision_from_one"),
    )


def _predictions() -> None:
    op.create_table(
        "predictions",
        sa.Column("id", _IDENTITY, nullable=False),
        sa.Column("model", sa.String, nullable=False),
        sa.Column("slate", sa.String, nullable=False),
        sa.Column("unit", sa.String, nullable=False),
        sa.Column("version", sa.String, nullable=False),
        sa.Column("role", sa.String, nullable=False),
        sa.Column("served", sa.Boolean, nullable=False),
        sa.Column("p", sa.Float(53)),
        sa.Column("made_at", _MOMENT, nullable=False),
        sa.Column("tip_at", _MOMENT, nullable=False),
        sa.Column("features", _DOCUMENT),
        sa.PrimaryKeyConstraint("id", name="pk_predictions"),
        sa.UniqueConstraint("model", "slate", "unit", "version", "made_at", name="uq_predictions_seal"),
        sa.CheckConstraint("made_at < tip_at", name="ck_predictions_before_tip_off"),
    )


def _outcomes() -> None:
    op.create_table(
        "outcomes",
        sa.Column("model", sa.String, nullable=False),
        sa.Column("slate", sa.String, nullable=False),
        sa.Column("unit", sa.String, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("status", sa.String, nullable=False),
        sa.Column("outcome", sa.Float(53)),
        sa.Column("details", _DOCUMENT),
        sa.Column("recorded_at", _MOMENT, nullable=False),
        sa.Column("digest", sa.String, nullable=False),
        sa.PrimaryKeyConstraint("model", "slate", "unit", "revision", name="pk_outcomes"),
        sa.CheckConstraint("status IN ('final', 'void', 'moved', 'scheduled')", name="ck_outcomes_known_status"),
        sa.CheckConstraint("status <> 'final' OR outcome IS NOT NULL", name="ck_outcomes_final_has_outcome"),
        sa.CheckConstraint("revision >= 1", name="ck_outcomes_revision_from_one"),
    )


def _alerts() -> None:
    op.create_table(
        "alerts",
        sa.Column("key", sa.String, nullable=False),
        sa.Column("model", sa.String, nullable=False),
        sa.Column("version", sa.String),
        sa.Column("type", sa.String, nullable=False),
        sa.Column("subject", sa.String),
        sa.Column("severity", sa.String, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("opened_at", _MOMENT, nullable=False),
        sa.Column("updated_at", _MOMENT, nullable=False),
        sa.Column("resolved_at", _MOMENT),
        sa.Column("body", _DOCUMENT, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_alerts"),
    )
    op.create_index("ix_alerts_model_state", "alerts", ["model", "state"])


def _reports() -> None:
    op.create_table(
        "reports",
        sa.Column("id", _IDENTITY, nullable=False),
        sa.Column("model", sa.String, nullable=False),
        sa.Column("version", sa.String),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("verdict", sa.String),
        sa.Column("body", _DOCUMENT, nullable=False),
        sa.Column("digest", sa.String, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_reports"),
        sa.UniqueConstraint("model", "kind", "at", "digest", name="uq_reports_content"),
    )


def _journal() -> None:
    op.create_table(
        "journal",
        sa.Column("model", sa.String, nullable=False),
        sa.Column("request_id", sa.String, nullable=False),
        sa.Column("version", sa.String, nullable=False),
        sa.Column("key", sa.String),
        sa.Column("role", sa.String, nullable=False),
        sa.Column("served", sa.Boolean, nullable=False),
        sa.Column("features", _DOCUMENT),
        sa.Column("output", _DOCUMENT),
        sa.Column("latency_ms", sa.Float(53)),
        sa.Column("error", sa.Text),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("event_time", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("model", "request_id", "version", name="pk_journal"),
    )
    op.create_index("ix_journal_model_event_time", "journal", ["model", "event_time"])


_POSTGRES_FUNCTION = """
CREATE OR REPLACE FUNCTION gamenight_sealed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'rows of % are sealed', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation'; END $$
"""


def _seal(table: str) -> None:
    if op.get_bind().dialect.name == "sqlite":
        for change in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_sealed_{change.lower()} BEFORE {change} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, 'rows of {table} are sealed'); END"
            )
        return
    op.execute(_POSTGRES_FUNCTION)
    op.execute(
        f"CREATE TRIGGER {table}_sealed BEFORE UPDATE OR DELETE ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION gamenight_sealed()"
    )
