"""Follow the record: read it twice a second and when poked, load what it names, swap the table."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from blocks.catalogue.trust import Tampered
from blocks.errors import BackendError
from blocks.serving.router import check_routes, versions_of
from blocks.serving.table import Table, table_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from blocks.serving.handle import ModelHandle

LOG = logging.getLogger(__name__)
RETRY_LOAD_S = 5.0
NO_CHAMPION = "the record names no champion of this model yet"


class Loads(Protocol):
    """Where versions come from."""

    def loaded(self, version: str) -> ModelHandle | None:
        """Return a version that is ready."""

    def load(self, version: str) -> ModelHandle:
        """Fetch, load and warm a version; blocks."""

    def keep(self, versions: list[str]) -> None:
        """Let go of versions that are no longer needed."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How often the record is read, and how long routes stand when it cannot be."""

    poll_s: float = 0.5
    routes_stand_s: float = 30.0


@dataclass(slots=True)
class Watcher:
    """Hold the table in force. One thread reads and loads; requests only ever read `table`."""

    read: Callable[[], Mapping[str, Any] | None]
    models: Loads
    pace: Pace
    on_swap: Callable[[Table], None] = lambda table: None
    clock: Callable[[], float] = time.monotonic
    failure: str = "the record has not been read yet"
    failures: dict[str, str] = field(default_factory=dict)
    tampered: set[str] = field(default_factory=set)
    _table: Table | None = None
    _wanted: dict[str, Any] | None = None
    _fresh_at: float = float("-inf")
    _pokes: int = 0
    _retry_at: dict[str, float] = field(default_factory=dict)
    _swap: threading.Lock = field(default_factory=threading.Lock)
    _wake: threading.Event = field(default_factory=threading.Event)
    _changed: threading.Event = field(default_factory=threading.Event)
    _stopped: bool = False

    def start(self) -> None:
        """Follow the record until `stop`: reading has a thread of its own, so that no slow load delays a rollback."""
        threading.Thread(target=self._follow, name="record-reader", daemon=True).start()
        threading.Thread(target=self._fetch, name="model-loader", daemon=True).start()

    def stop(self) -> None:
        """End after the read and the load that are under way."""
        self._stopped = True
        self._wake.set()
        self._changed.set()

    @property
    def table(self) -> Table | None:
        """Return the table in force: the champion alone once the record has been out of sight for too long."""
        table = self._table
        if table is not None and self.clock() - self._fresh_at > self.pace.routes_stand_s and len(table.seats) > 1:
            return table.champion_alone()
        return table

    @property
    def wanted(self) -> dict[str, Any] | None:
        """Return the routes last read or offered."""
        return self._wanted

    @property
    def age_s(self) -> float:
        """Return the seconds since the record was last read."""
        return self.clock() - self._fresh_at

    def poke(self) -> None:
        """Have the record read now."""
        with self._swap:
            self._pokes += 1
        self._wake.set()

    def offer(self, routes: object) -> bool:
        """Put routes in force now as far as their versions are loaded, and have the record read.

        Returns whether they are in force. Raises Refused for routes that are none. The record has the last word.
        """
        checked = check_routes(routes)
        with self._swap:
            self._pokes += 1
            self._fresh_at = self.clock()
            self._want(checked)
        self._wake.set()
        return self._table is not None and self._table.routes == checked

    def turn(self) -> None:
        """Read the record once and bring the table to it; keeps what stands when anything fails."""
        pokes, began = self._pokes, self.clock()
        try:
            record = self.read()
            # a rollout without a champion before it has no arms until its own version becomes the champion
            routes = check_routes(record["routes"]) if record is not None and record["routes"]["arms"] else None
        except BackendError as away:
            self._fail(str(away))
            return
        except Exception as broken:  # noqa: BLE001  a reader that breaks must not end the thread that follows it
            self._fail(f"{type(broken).__name__}: {broken}")
            return
        with self._swap:
            if pokes != self._pokes:
                self._wake.set()  # what was read may be older than the poke: read again
                return
            self._fresh_at = began
            self.failure = "" if routes or self._table else NO_CHAMPION
            if routes is not None:
                self._want(routes)

    def load_missing(self) -> None:
        """Load what the routes name and is not here, the champion first, swapping the table after each."""
        routes = self._wanted
        if routes is None:
            return
        for version in versions_of(routes):
            due = self.clock() >= self._retry_at.get(version, float("-inf"))
            if self.models.loaded(version) is None and due and self._load(version):
                with self._swap:
                    self._install()
            if self._wanted is not routes:
                self._changed.set()  # newer routes came while this version was loading: theirs come first
                return
        self.models.keep(versions_of(routes))

    def _follow(self) -> None:
        while not self._stopped:
            self._wake.clear()
            self.turn()
            self._wake.wait(self.pace.poll_s)

    def _fetch(self) -> None:
        while not self._stopped:
            self._changed.wait(self.pace.poll_s)
            self._changed.clear()
            self.load_missing()

    def _load(self, version: str) -> bool:
        try:
            self.models.load(version)
        except Exception as broken:  # noqa: BLE001  a version that does not load leaves the others serving
            if version not in self.failures:
                LOG.warning("version %s cannot be served: %s", version, broken)
            self.failures[version] = str(broken)
            if isinstance(broken, Tampered):
                self.tampered.add(version)
            self._retry_at[version] = self.clock() + RETRY_LOAD_S
            return False
        self.failures.pop(version, None)
        self.tampered.discard(version)
        return True

    def _want(self, routes: dict[str, Any]) -> None:
        if routes != self._wanted:
            self._wanted = routes
            self._changed.set()
        self._install()

    def _install(self) -> None:
        """Swap in what is wanted as far as it is loaded; until its champion is, what stands stands. Needs `_swap`."""
        table = None if self._wanted is None else table_of(self._wanted, self.models.loaded)
        if table is not None and table != self._table:
            LOG.info("routes in force: %s, loaded %s", table.routes, sorted(table.seats))
            self._table = table
            self.on_swap(table)

    def _fail(self, why: str) -> None:
        if why != self.failure:
            LOG.warning("the record cannot be read: %s", why)
        self.failure = why
