"""Small real parts of a gateway for tests without a registry or a process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from numpy.typing import NDArray

from blocks.errors import NotFound
from blocks.serving.app import App, Limits
from blocks.serving.auth import Door
from blocks.serving.breaker import BreakerRule
from blocks.serving.breakers import Breakers
from blocks.serving.handle import ModelHandle
from blocks.serving.health import Health
from blocks.serving.journal import Entry, decode, writer_of
from blocks.serving.metrics import Metrics
from blocks.serving.recorder import Recorder
from blocks.serving.schema import Column, Schema
from blocks.serving.scorer import Scorer
from blocks.serving.settings import Level, WhenFull
from blocks.serving.shadow import Shadow
from blocks.serving.shipper import Shipper
from blocks.serving.spool import Spool, read_slice
from blocks.serving.watcher import Pace, Watcher
from tests.serving.conftest import MODEL, TOKEN

SCHEMA = Schema((Column("home_elo", "number"), Column("away_elo", "number")))
ROW = {"home_elo": 1500.0, "away_elo": 1400.0}
WIDER = Schema((*SCHEMA.columns, Column("home_rest", "number")))


def constant(version: str, value: float, schema: Schema = SCHEMA) -> ModelHandle:
    """Return a version that always says the same."""
    return ModelHandle(version, schema, "constant", lambda rows: np.full(len(rows), value))


def raising(version: str, schema: Schema = SCHEMA) -> ModelHandle:
    """Return a version that always breaks."""

    def run(rows: object) -> NDArray[np.float64]:
        raise RuntimeError("secret trouble")

    return ModelHandle(version, schema, "raising", run)


@dataclass
class Shelf:
    """Versions in memory: `there` may be loaded, `ready` are."""

    there: dict[str, ModelHandle] = field(default_factory=dict)
    ready: dict[str, ModelHandle] = field(default_factory=dict)

    def loaded(self, version: str) -> ModelHandle | None:
        """Return a version that was loaded."""
        return self.ready.get(version)

    def load(self, version: str) -> ModelHandle:
        """Load a version."""
        if version not in self.there:
            raise NotFound(f"no version {version}")
        self.ready[version] = self.there[version]
        return self.ready[version]

    def keep(self, versions: list[str]) -> None:
        """Keep everything."""


@dataclass
class Kept:
    """A store that keeps rows as ours does, or is away."""

    rows: dict[tuple[object, object], dict[str, object]] = field(default_factory=dict)
    failure: Exception | None = None

    def ship_journal(self, rows: Sequence[dict[str, object]]) -> int:
        """Keep what is new."""
        if self.failure is not None:
            raise self.failure
        before = len(self.rows)
        self.rows |= {(row["request_id"], row["version"]): row for row in rows}
        return len(self.rows) - before


@dataclass
class Parts:
    """An app with its parts in reach."""

    app: App
    watcher: Watcher
    recorder: Recorder
    shadow: Shadow
    breakers: Breakers
    store: Kept
    now: list[float]

    def client(self) -> httpx.AsyncClient:
        """Return a client that speaks to the app without a socket."""
        return httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url="http://gateway")

    def entries(self) -> list[Entry]:
        """Return everything on record, in order, once the shadow has caught up."""
        assert self.shadow.drain(5)
        self.recorder.writer.drain()
        return entries_of(self.recorder.spool)


def entries_of(spool: Spool) -> list[Entry]:
    """Return every whole line of a spool's folder."""
    lines = [line for path in sorted(spool.folder.glob("*.ndjson")) for line in read_slice(path, 0, 1 << 24).lines]
    return [entry for line in lines if (entry := decode(line)) is not None]


def gateway(
    folder: Path,
    models: Sequence[ModelHandle],
    routes: Mapping[str, Any] | None,
    *,
    level: Level = "crash_safe",
    when_full: WhenFull = "serve_unlogged",
    spool_bytes: int = 1 << 20,
    deadline_s: float = 5.0,
) -> Parts:
    """Return a gateway whose record says `routes`, already read and loaded."""
    now = [1000.0]
    metrics, store = Metrics(MODEL), Kept()
    spool = Spool(folder / "spool", spool_bytes)
    recorder = Recorder(spool, writer_of(level, spool, metrics.unlogged.inc), when_full, metrics)
    rule = BreakerRule(window_s=60, min_requests=4, error_rate=0.5, cooldown_s=30, probes=2)
    breakers = Breakers(rule, recorder.note_breaker, clock=lambda: now[0])
    shadow = Shadow(recorder, breakers, metrics, 100)
    shadow.start()
    record = None if routes is None else {"routes": routes}
    shelf = Shelf({model.version: model for model in models})
    watcher = Watcher(lambda: record, shelf, Pace(), clock=lambda: now[0])
    watcher.turn()
    watcher.load_missing()
    shipper = Shipper(spool, store, MODEL, 60.0)
    health = Health(MODEL, watcher, recorder, breakers, shipper)
    app = App(
        model=MODEL,
        watcher=watcher,
        scorer=Scorer(recorder, shadow, breakers, metrics, deadline_s),
        shadow=shadow,
        shipper=shipper,
        health=health,
        metrics=metrics,
        door=Door.of(TOKEN, is_loopback=True),
        limits=Limits(10_000, "game_id"),
    )
    return Parts(app, watcher, recorder, shadow, breakers, store, now)
