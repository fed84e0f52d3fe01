"""The home of an embedded stack: its folders, its lock and the record of what runs in it."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

from blocks.errors import Refused
from tasks.rollout.refusal import BadInput

LOCK_PATIENCE = 25.0
NEWCOMER_PATIENCE = 2.0


@dataclass(frozen=True, slots=True)
class Record:
    """What `stack.json` says: who holds the home, where the servers answer, and their pids."""

    pid: int
    started: float
    ready: bool = False
    token: str = ""
    urls: dict[str, str] = field(default_factory=dict)
    pids: dict[str, int] = field(default_factory=dict)
    ports: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Home:
    """The folder named by `--home`; everything in it can be copied away while the stack is down."""

    root: Path

    @classmethod
    def at(cls, root: Path | str) -> Home:
        """Return the home at a path, absolute, so that a change of directory changes nothing."""
        return cls(Path(root).expanduser().absolute())

    @property
    def tracking_database(self) -> str:
        """The address of MLflow's own database, for reading while no server runs."""
        return f"sqlite:///{self.root / 'mlflow.db'}"

    @property
    def store_url(self) -> str:
        """The address of the prediction store."""
        return f"sqlite:///{self.root / 'store.db'}"

    @property
    def artifacts(self) -> Path:
        """The folder of MLflow's artifacts."""
        return self.root / "artifacts"

    @property
    def prefect(self) -> Path:
        """Prefect's own home."""
        return self.root / "prefect"

    @property
    def games(self) -> Path:
        """The file drop: seasons and slates as files."""
        return self.root / "games"

    @property
    def spool(self) -> Path:
        """The gateway's journal until it is shipped."""
        return self.root / "spool"

    @property
    def cache(self) -> Path:
        """Models by digest."""
        return self.root / "cache"

    @property
    def logs(self) -> Path:
        """One log a server."""
        return self.root / "logs"

    @property
    def record_path(self) -> Path:
        """The record of what runs here."""
        return self.root / "stack.json"

    def prepare(self) -> None:
        """Make the folders; `--home` is bad input where they cannot be made or hold a character no address can."""
        if set("?#%") & set(str(self.root)):
            raise BadInput("home", f"{self.root} holds one of ? # %, which a database address cannot; choose another")
        try:
            for folder in (self.artifacts, self.prefect, self.games, self.spool, self.cache, self.logs):
                folder.mkdir(parents=True, exist_ok=True)
            (self.root / ".gitignore").write_text("*\n")
        except OSError as error:
            raise BadInput("home", f"cannot write in {self.root} ({error.strerror}); name a folder of yours") from error

    def record(self) -> Record | None:
        """Return what `stack.json` says, or None where there is no readable one."""
        try:
            return Record(**json.loads(self.record_path.read_text()))
        except (OSError, ValueError, TypeError):
            return None

    def write(self, record: Record) -> None:
        """Put the record in place whole, readable by its owner alone because it holds the token."""
        fresh = self.record_path.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(asdict(record), file, indent=1)
        fresh.replace(self.record_path)

    def live_record(self) -> Record | None:
        """Return the record of the stack that runs here now; one left by a dead stack is not one, and is removed."""
        if not self.root.is_dir():
            return None
        descriptor = self._lock(fcntl.LOCK_SH)
        if descriptor is None:
            return self.record()
        self.record_path.unlink(missing_ok=True)
        os.close(descriptor)
        return None

    @contextlib.contextmanager
    def held(self, patience: float = LOCK_PATIENCE) -> Iterator[int]:
        """Hold the home for one stack and yield the lock's file descriptor, for the leashes to share.

        The lock lives as long as this process or one of its leashes, so the servers that a killed stack left
        behind are waited for. Raises Refused, naming the holder's pid, when a living stack has the home.
        """
        started = time.monotonic()
        while (descriptor := self._lock(fcntl.LOCK_EX)) is None:
            self._refuse_if_alive(time.monotonic() - started, patience)
            time.sleep(0.05)
        try:
            yield descriptor
        finally:
            os.close(descriptor)

    def _lock(self, kind: int) -> int | None:
        descriptor = os.open(self.root, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        return descriptor

    def _refuse_if_alive(self, waited: float, patience: float) -> None:
        holder = self.record()
        gone = holder is not None and not is_alive(holder.pid)
        if waited < (patience if gone else NEWCOMER_PATIENCE if holder is None else 0):
            return
        named = f"process {holder.pid}" if holder else "another process"
        where = f" (Prefect at {holder.urls['prefect']})" if holder and "prefect" in holder.urls else ""
        raise Refused(
            f"A stack already runs in {self.root}, held by {named}{where}.",
            f"Use it, stop it with `gamenight down --home {self.root}`, or name another --home.",
        )


def is_alive(pid: int) -> bool:
    """Return whether a process of this pid exists."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
