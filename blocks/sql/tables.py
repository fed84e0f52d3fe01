"""The store's tables. What is in them: docs/reference; how they came to be: migrations/."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from blocks.sql.columns import Document, Moment

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_Identity = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts up only in an INTEGER primary key

SLATES = Table(
    "slates",
    METADATA,
    Column("model", String, primary_key=True),
    Column("slate", String, primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("written_at", Moment, nullable=False),
    Column("deadline", Moment),
    Column("manifest", Document, nullable=False),
    Column("digest", String, nullable=False),
    CheckConstraint("revision >= 1", name="revision_from_one"),
)
"""Manifests: revision 1 is the lock, later ones were appended. Never updated."""

PREDICTIONS = Table(
    "predictions",
    METADATA,
    Column("id", _Identity, primary_key=True),
    Column("model", String, nullable=False),
    Column("slate", String, nullable=False),
    Column("unit", String, nullable=False),
    Column("version", String, nullable=False),
    Column("role", String, nullable=False),
    Column("served", Boolean, nullable=False),
    Column("p", Float(53)),
    Column("made_at", Moment, nullable=False),
    Column("tip_at", Moment, nullable=False),
    Column("features", Document),
    Column("shares", Document),
    UniqueConstraint("model", "slate", "unit", "version", "made_at", name="uq_predictions_seal"),
    CheckConstraint("made_at < tip_at", name="before_tip_off"),
)
"""Seals: one row a game, version and scoring; the last before tip-off is the prediction of record. Never updated.

`shares` holds what a model over several classes says, one number a class; `p` is empty then.
"""

OUTCOMES = Table(
    "outcomes",
    METADATA,
    Column("model", String, primary_key=True),
    Column("slate", String, primary_key=True),
    Column("unit", String, primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("status", String, nullable=False),
    Column("outcome", Float(53)),
    Column("details", Document),
    Column("recorded_at", Moment, nullable=False),
    Column("digest", String, nullable=False),
    CheckConstraint("status IN ('final', 'void', 'moved', 'scheduled')", name="known_status"),
    CheckConstraint("status <> 'final' OR outcome IS NOT NULL", name="final_has_outcome"),
    CheckConstraint("revision >= 1", name="revision_from_one"),
)
"""Results: a correction appends a revision, equal content writes nothing. Never updated."""

PUBLICATIONS = Table(
    "publications",
    METADATA,
    Column("model", String, primary_key=True),
    Column("slate", String, primary_key=True),
    Column("unit", String, primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("home", String),
    Column("away", String),
    Column("tip_at", Moment),
    Column("p", Float(53)),
    Column("version", String),
    Column("role", String),
    Column("made_at", Moment),
    Column("left_out", Text),
    Column("published_at", Moment, nullable=False),
    Column("digest", String, nullable=False),
    CheckConstraint("revision >= 1", name="revision_from_one"),
)
"""What people were given of every game, or why not: another forecast appends a revision. Never updated."""

ALERTS = Table(
    "alerts",
    METADATA,
    Column("key", String, primary_key=True),
    Column("model", String, nullable=False),
    Column("version", String),
    Column("type", String, nullable=False),
    Column("subject", String),
    Column("severity", String, nullable=False),
    Column("state", String, nullable=False),
    Column("opened_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Column("resolved_at", Moment),
    Column("body", Document, nullable=False),
    Index(None, "model", "state"),
)
"""Alerts: one row each, at its latest state; `body` is the whole alert as it was given."""

REPORTS = Table(
    "reports",
    METADATA,
    Column("id", _Identity, primary_key=True),
    Column("model", String, nullable=False),
    Column("version", String),
    Column("kind", String, nullable=False),
    Column("at", Moment, nullable=False),
    Column("verdict", String),
    Column("body", Document, nullable=False),
    Column("digest", String, nullable=False),
    UniqueConstraint("model", "kind", "at", "digest", name="uq_reports_content"),
)
"""Reports of the monitor and of the gates: written once each."""

JOURNAL = Table(
    "journal",
    METADATA,
    Column("model", String, primary_key=True),
    Column("request_id", String, primary_key=True),
    Column("version", String, primary_key=True),
    Column("key", String),
    Column("role", String, nullable=False),
    Column("served", Boolean, nullable=False),
    Column("features", Document),
    Column("output", Document),
    Column("latency_ms", Float(53)),
    Column("error", Text),
    Column("at", Moment, nullable=False),
    Column("event_time", Moment, nullable=False),
    Index(None, "model", "event_time"),
)
"""Every online answer, shipped from the gateway's spool; a row shipped twice is kept once."""

SEALED = (SLATES, PREDICTIONS, OUTCOMES, PUBLICATIONS)
"""Tables whose rows the database itself refuses to change or delete."""
