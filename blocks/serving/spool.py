"""The journal's place on this disk: append-only segments, one writer each, that outlive the process."""

from __future__ import annotations

import fcntl
import os
import threading
import time
from dataclasses import dataclass
from pathlib import Path

SEGMENT_BYTES = 4 << 20
SUFFIX = ".ndjson"


class SpoolFull(Exception):
    """The spool holds as much as it may, or the disk does."""


@dataclass(frozen=True, slots=True)
class Slice:
    """Whole lines of a segment from one offset on, and where the next slice begins."""

    lines: list[bytes]
    end: int


class Spool:
    """Append lines with one write(2) each call; a line that was appended survives the death of the process.

    A writer holds a lock on its segment, so that others can tell the segments of the dead.
    """

    def __init__(self, folder: Path, limit_bytes: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.limit_bytes = limit_bytes
        self._lock = threading.Lock()
        self._number = 0
        self._held = sum(path.stat().st_size for path in folder.glob(f"*{SUFFIX}"))
        self._fd, self.active = self._open_segment()
        self._size = 0

    @property
    def held_bytes(self) -> int:
        """Return how many bytes wait here to be shipped, this process and dead ones together."""
        return self._held

    @property
    def is_full(self) -> bool:
        """Return whether the limit is reached."""
        return self._held >= self.limit_bytes

    def append(self, lines: bytes) -> None:
        """Write whole lines, all or none; raises SpoolFull."""
        with self._lock:
            if self._held + len(lines) > self.limit_bytes:
                raise SpoolFull(f"the spool {self.folder} holds {self._held} of {self.limit_bytes} bytes")
            try:
                written = os.write(self._fd, lines)
            except OSError as broken:
                raise SpoolFull(f"the spool {self.folder} cannot be written: {broken.strerror}") from broken
            if written != len(lines):
                os.ftruncate(self._fd, self._size)
                raise SpoolFull(f"the disk of the spool {self.folder} is full")
            self._size += written
            self._held += written
            if self._size >= SEGMENT_BYTES:
                self._rotate()

    def sync(self) -> None:
        """Wait until the disk has what was appended."""
        os.fsync(self._fd)

    def rotate(self) -> None:
        """Close the active segment if it holds anything, so that it can be shipped and deleted."""
        with self._lock:
            if self._size:
                self._rotate()

    def closed_segments(self) -> list[Path]:
        """Return our closed segments and those of dead writers, oldest first."""
        return [path for path in sorted(self.folder.glob(f"*{SUFFIX}")) if path != self.active and _is_orphan(path)]

    def drop(self, segment: Path) -> None:
        """Delete a segment whose lines are all in the store."""
        size = segment.stat().st_size if segment.exists() else 0
        segment.unlink(missing_ok=True)
        with self._lock:
            self._held = max(0, self._held - size)

    def close(self) -> None:
        """Close the active segment; an empty one is deleted."""
        with self._lock:
            os.close(self._fd)
            if not self._size:
                self.active.unlink(missing_ok=True)

    def _rotate(self) -> None:
        before = self._fd
        self._fd, self.active = self._open_segment()
        self._size = 0
        os.close(before)

    def _open_segment(self) -> tuple[int, Path]:
        self._number += 1
        path = self.folder / f"{time.time_ns():020d}-{os.getpid()}-{self._number}{SUFFIX}"
        hidden = path.with_suffix(".opening")
        fd = os.open(hidden, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        fcntl.flock(fd, fcntl.LOCK_EX)
        hidden.rename(path)  # only now: a segment without a lock would be taken for a dead writer's
        return fd, path


def read_slice(segment: Path, start: int, most_bytes: int) -> Slice:
    """Return the whole lines after an offset; a torn last line is left out, for ever if its writer is dead."""
    with segment.open("rb") as lines:
        lines.seek(start)
        block = lines.read(most_bytes)
        if b"\n" not in block:
            block += lines.readline()
    whole = block[: block.rfind(b"\n") + 1]
    return Slice(whole.splitlines(), start + len(whole))


def _is_orphan(segment: Path) -> bool:
    try:
        fd = os.open(segment, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(fd)
    return True
