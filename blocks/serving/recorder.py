"""The journal as the request path sees it: record, or do what the policy says when it cannot."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from blocks.serving import journal
from blocks.serving.refusal import Refusal
from blocks.serving.spool import Spool, SpoolFull

if TYPE_CHECKING:
    from collections.abc import Sequence

    from blocks.serving.breaker import State
    from blocks.serving.journal import Entry, Writer
    from blocks.serving.metrics import Metrics
    from blocks.serving.settings import WhenFull

LOG = logging.getLogger(__name__)
BREAKER_ROLE = "breaker"


@dataclass(slots=True)
class Recorder:
    """Put entries on record before an answer is sent."""

    spool: Spool
    writer: Writer
    when_full: WhenFull
    metrics: Metrics
    is_losing: bool = False

    async def record(self, entries: Sequence[Entry]) -> None:
        """Return when the entries survive what the level promises; raises Refusal 503 if the policy refuses."""
        try:
            durable = self.writer.write(journal.encode(entries))
        except SpoolFull as full:
            self._lose(len(entries), full)
            if self.when_full == "refuse":
                raise Refusal(
                    503, "The journal is full and predictions may not go unlogged.", retry_after_s=5
                ) from full
            return
        self.is_losing = False
        if durable is not None:
            await durable

    def note(self, entries: Sequence[Entry]) -> None:
        """Put entries on record that no answer waits for."""
        try:
            self.writer.write(journal.encode(entries))
        except SpoolFull as full:
            self._lose(len(entries), full)

    def note_breaker(self, version: str, state: State, why: str) -> None:
        """Put a breaker's move on record, as evidence for the next tick."""
        now = time.time()
        LOG.warning("breaker of version %s: %s (%s)", version, state, why)
        self.metrics.breaker_changes.labels(version, str(state)).inc()
        name = f"breaker/{version}/{time.time_ns()}"
        self.note([journal.Entry(name, "", version, BREAKER_ROLE, False, now, error=f"{state}: {why}")])

    def _lose(self, entries: int, full: SpoolFull) -> None:
        if not self.is_losing:
            LOG.error("predictions go unlogged: %s", full)
        self.is_losing = True
        self.metrics.unlogged.inc(entries)
