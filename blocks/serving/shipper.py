"""The journal's way from the spool to the store: in batches, again and again until the store has them."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

from blocks.errors import BackendError, Refused
from blocks.serving import journal
from blocks.serving.spool import Spool, read_slice

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

LOG = logging.getLogger(__name__)
BATCH_BYTES = 256 << 10
LONGEST_PAUSE_S = 30.0
REFUSED = "refused.ndjson"


class Store(Protocol):
    """Where the journal goes; a row is known by request_id and version, so shipping twice writes once."""

    def ship_journal(self, rows: Sequence[dict[str, object]]) -> int:
        """Keep the rows that are new, all or none, and return how many."""


@dataclass(slots=True)
class Shipper:
    """A thread that ships whole lines; serving does not notice when the store is away."""

    spool: Spool
    store: Store
    model: str
    every_s: float
    shipped: int = 0
    failure: str | None = None
    _offsets: dict[Path, int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _stop: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        """Ship in the background until `stop`."""
        threading.Thread(target=self._run, name="journal-shipper", daemon=True).start()

    def stop(self) -> None:
        """Ship once more and end; what the store does not take stays in the spool."""
        self._stop.set()
        try:
            self.spool.rotate()
            self.flush()
        except BackendError as away:
            LOG.warning("the journal stays in %s: %s", self.spool.folder, away)

    def flush(self) -> int:
        """Ship everything that is in the spool now and return the lines read; raises what the store raises."""
        with self._lock:
            lines = sum(self._ship(segment, whole=True) for segment in self.spool.closed_segments())
            active = self.spool.active
            lines += self._ship(active, whole=False)
            # the offset of a segment that was rotated away goes with the segment
            self._offsets = {path: offset for path, offset in self._offsets.items() if path.exists()}
        return lines

    def _run(self) -> None:
        pause = self.every_s
        while not self._stop.wait(pause):
            try:
                self.flush()
                self.failure, pause = None, self.every_s
                if self._offsets.get(self.spool.active, 0) > BATCH_BYTES:
                    self.spool.rotate()
            except Exception as broken:  # noqa: BLE001  whatever the store raises, serving and the spool go on
                if self.failure is None:
                    LOG.warning("the journal waits in %s: %s", self.spool.folder, broken)
                self.failure, pause = str(broken), min(LONGEST_PAUSE_S, pause * 2)

    def _ship(self, segment: Path, *, whole: bool) -> int:
        lines, start = 0, self._offsets.get(segment, 0)
        while True:
            part = read_slice(segment, start, BATCH_BYTES)
            if not part.lines:
                break
            self._give(part.lines)
            lines += len(part.lines)
            start = self._offsets[segment] = part.end
        if whole:
            self.spool.drop(segment)
            self._offsets.pop(segment, None)
        return lines

    def _give(self, lines: list[bytes]) -> None:
        entries = [entry for line in lines if (entry := journal.decode(line)) is not None]
        rows = [row for entry in entries for row in rows_of(entry, self.model)]
        try:
            self.store.ship_journal(rows)
        except Refused:
            self._give_singly(lines)
        self.shipped += len(rows)

    def _give_singly(self, lines: list[bytes]) -> None:
        """Set aside the lines that the store will never take, so that the others are not held up by them."""
        for line in lines:
            entry = journal.decode(line)
            try:
                self.store.ship_journal(rows_of(entry, self.model) if entry else [])
            except Refused as refused:
                LOG.error("a line of the journal was refused and set aside in %s: %s", REFUSED, refused)
                with (self.spool.folder / REFUSED).open("ab") as aside:
                    aside.write(line + b"\n")


def rows_of(entry: journal.Entry, model: str) -> list[dict[str, object]]:
    """Return one journal row for each prediction; rows of a request of several are numbered behind its id."""
    at = datetime.fromtimestamp(entry.at, UTC)
    shared: dict[str, object] = {
        "key": entry.key,
        "model": model,
        "version": entry.version,
        "role": entry.role,
        "served": entry.served,
        "latency_ms": entry.latency_ms,
        "error": entry.error,
        "at": at,
        "event_time": at if entry.event_time is None else datetime.fromtimestamp(entry.event_time, UTC),
    }
    count = max(1, len(entry.rows))
    return [
        shared
        | {
            "request_id": entry.request_id if count == 1 else f"{entry.request_id}/{place}",
            "features": _features(entry, place),
            "output": None if entry.output is None else entry.output[place],
        }
        for place in range(count)
    ]


def _features(entry: journal.Entry, place: int) -> dict[str, object] | None:
    if place >= len(entry.rows):
        return None
    row = entry.rows[place]
    names = entry.columns if entry.columns is not None else [str(column) for column in range(len(row))]
    return dict(zip(names, row, strict=False))
