"""Every prediction on record before it is answered, at one of three named levels."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence  # msgspec reads the annotations of Entry while it runs
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import msgspec

from blocks.serving.spool import Spool, SpoolFull

if TYPE_CHECKING:
    from blocks.serving.settings import Level

BUFFER_FLUSH_S = 0.05


class Entry(msgspec.Struct, omit_defaults=True):
    """What one version said about one request; `at` and `event_time` are seconds since 1970, UTC."""

    request_id: str
    key: str
    version: str
    role: str
    served: bool
    at: float
    columns: Sequence[str] | None = None
    rows: Sequence[Sequence[object]] = ()
    output: list[float] | None = None
    latency_ms: float | None = None
    error: str | None = None
    event_time: float | None = None


_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(Entry)


def encode(entries: Sequence[Entry]) -> bytes:
    """Return the entries as whole lines."""
    return _ENCODER.encode_lines(entries)


def decode(line: bytes) -> Entry | None:
    """Return the entry of a line, None for a line that is torn."""
    try:
        return _DECODER.decode(line)
    except msgspec.DecodeError:
        return None


class Writer(Protocol):
    """One level: how a line gets to the spool, and what a caller waits for."""

    def write(self, lines: bytes) -> asyncio.Future[None] | None:
        """Take whole lines; a future is to be awaited before the answer is sent."""

    def drain(self) -> None:
        """Return when everything taken is in the spool."""


@dataclass(slots=True)
class CrashSafe:
    """One write(2) before the answer: survives kill -9, not a power cut."""

    spool: Spool

    def write(self, lines: bytes) -> None:
        """Append at once."""
        self.spool.append(lines)

    def drain(self) -> None:
        """Do nothing: there is no queue."""


class Buffered:
    """A queue in memory, written every 50 ms: survives a stop, not kill -9."""

    def __init__(self, spool: Spool, count_lost: Callable[[int], None]) -> None:
        self._spool = spool
        self._count_lost = count_lost
        self._queue: deque[bytes] = deque()
        self._lock = threading.Lock()
        threading.Thread(target=self._run, name="journal-buffer", daemon=True).start()

    def write(self, lines: bytes) -> None:
        """Queue the lines; a full spool refuses before the queue grows."""
        if self._spool.is_full:
            raise SpoolFull(f"the spool {self._spool.folder} is full")
        self._queue.append(lines)

    def drain(self) -> None:
        """Write the queue; lines that no longer fit are counted as lost."""
        with self._lock:
            lines = b"".join(self._queue.popleft() for _ in range(len(self._queue)))
            if not lines:
                return
            try:
                self._spool.append(lines)
            except SpoolFull:
                self._count_lost(lines.count(b"\n"))

    def _run(self) -> None:
        while True:
            time.sleep(BUFFER_FLUSH_S)
            self.drain()


class PowerSafe:
    """One fsync for all requests that wait (group commit): survives a power cut."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._waiting: list[tuple[asyncio.AbstractEventLoop, asyncio.Future[None]]] = []
        self._wake = threading.Condition()
        threading.Thread(target=self._run, name="journal-fsync", daemon=True).start()

    def write(self, lines: bytes) -> asyncio.Future[None] | None:
        """Append, and return what resolves at the next fsync; outside an event loop sync at once."""
        self._spool.append(lines)
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self._spool.sync()
            return None
        durable = loop.create_future()
        with self._wake:
            self._waiting.append((loop, durable))
            self._wake.notify()
        return durable

    def drain(self) -> None:
        """Sync what was appended."""
        self._spool.sync()

    def _run(self) -> None:
        while True:
            with self._wake:
                while not self._waiting:
                    self._wake.wait()
                waiting, self._waiting = self._waiting, []
            self._spool.sync()
            for loop, durable in waiting:
                loop.call_soon_threadsafe(_resolve, durable)


def _resolve(durable: asyncio.Future[None]) -> None:
    if not durable.done():
        durable.set_result(None)


def writer_of(level: Level, spool: Spool, count_lost: Callable[[int], None]) -> Writer:
    """Return the writer of a level."""
    if level == "buffered":
        return Buffered(spool, count_lost)
    return PowerSafe(spool) if level == "power_safe" else CrashSafe(spool)
