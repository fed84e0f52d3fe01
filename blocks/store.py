"""The prediction store: what was forecast, under which manifest, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from prefect.blocks.core import Block
from pydantic import Field, SecretStr
from sqlalchemy import Engine

from blocks.sql import alerts, frames, journal, manifests, migration, outcomes, predictions, publications, reports
from blocks.sql.engine import open_engine
from blocks.sql.span import Bound

if TYPE_CHECKING:
    from pandas import DataFrame


class Store(Block):
    """Keep forecasts sealed, manifests locked and results revised, in SQLite or PostgreSQL.

    Every call is one transaction. Raises Unavailable where asking again may help, Conflict, NotFound and Refused where
    it does not.
    """

    _block_type_name = "Gamenight Store"
    _block_type_slug = "gamenight-store"
    _description = "Sealed predictions, manifests, outcomes, alerts, reports and the journal, in SQLite or PostgreSQL."

    url: SecretStr = Field(
        title="Database URL", description="sqlite:////path/store.db or postgresql+psycopg://user:password@host/name"
    )
    wait_seconds: float = Field(
        default=10.0, gt=0, title="Patience", description="Seconds to wait for another writer or for a connection."
    )

    def migrate(self) -> str:
        """Bring the store to this code's tables and return its revision; a newer store is refused."""
        return migration.migrate(self._engine())

    def lock_manifest(self, model: str, slate: str, manifest: Mapping[str, object], at: datetime) -> dict[str, object]:
        """Lock a slate's manifest if nobody has yet, and return the one in force."""
        return manifests.lock(self._engine(), model, slate, manifest, at)

    def revise_manifest(
        self, model: str, slate: str, manifest: Mapping[str, object], at: datetime
    ) -> dict[str, object]:
        """Append a revision to a locked manifest and return it; equal content appends nothing."""
        return manifests.revise(self._engine(), model, slate, manifest, at)

    def exchange_manifest(
        self, model: str, slate: str, expected: Mapping[str, object], manifest: Mapping[str, object], at: datetime
    ) -> dict[str, object]:
        """Append a revision made from `expected` and return it; raise Conflict when another one is in force by now."""
        return manifests.exchange(self._engine(), (model, slate), expected, manifest, at)

    def manifest(self, model: str, slate: str) -> dict[str, object] | None:
        """Return the manifest in force, None for a slate that was never locked."""
        return manifests.read(self._engine(), model, slate)

    def slates(self, model: str, since: Bound = None, until: Bound = None) -> DataFrame:
        """Return slate, locked_at, deadline and manifest of every locked slate, in order."""
        return frames.slates(manifests.slates(self._engine(), model, since, until))

    def seal(self, model: str, rows: DataFrame) -> int:
        """Seal forecasts and return how many were new; refused whole if one was made at or after its tip-off."""
        return predictions.seal(self._engine(), model, frames.rows(rows))

    def predictions(
        self,
        model: str,
        versions: Sequence[str] | None = None,
        slates: Sequence[str] | None = None,
        since: Bound = None,
        until: Bound = None,
    ) -> DataFrame:
        """Return the seals, oldest first; a text bounds the slate, a moment the time they were made."""
        return frames.predictions(predictions.read(self._engine(), model, versions, slates, (since, until)))

    def publish(self, model: str, slate: str, rows: Sequence[Mapping[str, object]], at: datetime) -> int:
        """Append a revision for every game whose published row is new and return how many those were."""
        return publications.publish(self._engine(), model, slate, rows, at)

    def publications(self, model: str, slates: Sequence[str] | None = None, latest: bool = True) -> DataFrame:
        """Return what was published of every game, at its highest revision, or every revision."""
        return frames.publications(publications.read(self._engine(), model, slates, latest))

    def record_outcomes(self, model: str, rows: DataFrame, at: datetime) -> DataFrame:
        """Append a revision for every result whose content is new and return those."""
        return frames.outcomes(outcomes.record(self._engine(), model, frames.rows(rows), at))

    def outcomes(self, model: str, since: Bound = None, until: Bound = None, latest: bool = True) -> DataFrame:
        """Return results at their highest revision, or every revision; `until` reads what was known then."""
        return frames.outcomes(outcomes.read(self._engine(), model, since, until, latest))

    def save_alert(self, alert: Mapping[str, object]) -> None:
        """Keep an alert at its latest state, under its key."""
        alerts.save(self._engine(), alert)

    def alerts(self, model: str | None = None, open_only: bool = False) -> DataFrame:
        """Return alerts in the order they were opened; `body` is the whole alert."""
        return frames.alerts(alerts.read(self._engine(), model, open_only))

    def save_report(self, report: Mapping[str, object]) -> bool:
        """Keep a report (model, kind, at and whatever else it says) and say whether it was new."""
        return reports.save(self._engine(), report)

    def reports(self, model: str, kind: str | None = None, limit: int | None = None) -> DataFrame:
        """Return reports, oldest first; `limit` keeps the newest."""
        return frames.reports(reports.read(self._engine(), model, kind, limit))

    def ship_journal(self, rows: Sequence[Mapping[str, object]]) -> int:
        """Keep journal rows and return how many were new."""
        return journal.ship(self._engine(), rows)

    def journal(self, model: str, since: Bound = None, until: Bound = None, limit: int | None = None) -> DataFrame:
        """Return journal rows by event time, oldest first; `limit` keeps the newest."""
        return frames.journal(journal.read(self._engine(), model, since, until, limit))

    def request_counts(
        self,
        model: str,
        versions: Sequence[str],
        span: tuple[Bound, Bound],
        slow_ms: float,
        by_key: bool = False,
    ) -> DataFrame:
        """Return requests, errors, answers and slow answers of versions per window of five minutes, served or not.

        by_key: a row for each routing key as well.
        """
        counted = journal.Counted(tuple(map(str, versions)), slow_ms, by_key)
        return frames.request_counts(journal.counts(self._engine(), model, counted, *span))

    def _engine(self) -> Engine:
        return open_engine(self.url.get_secret_value(), self.wait_seconds)
