"""Put the parts of one gateway process together and run them until a signal."""

from __future__ import annotations

import asyncio
import logging
import sys
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import uvicorn

from blocks.errors import BackendError
from blocks.serving.app import App, Limits
from blocks.serving.auth import Door
from blocks.serving.breaker import BreakerRule
from blocks.serving.breakers import Breakers
from blocks.serving.health import Health
from blocks.serving.journal import writer_of
from blocks.serving.metrics import Metrics
from blocks.serving.models import Models
from blocks.serving.recorder import Recorder
from blocks.serving.scorer import Scorer
from blocks.serving.shadow import Shadow
from blocks.serving.shipper import Shipper
from blocks.serving.spool import Spool
from blocks.serving.watcher import Pace, Watcher

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import FrameType

    from blocks.serving.settings import Settings

LOG = logging.getLogger(__name__)
DRAIN_PATIENCE_S = 10
SWITCH_S = 0.0005  # the shadow thread must not hold the interpreter for Python's usual 5 ms


def serve(settings: Settings) -> int:
    """Serve until SIGTERM or Ctrl-C and return the exit status."""
    logging.basicConfig(stream=sys.stderr, level="INFO", format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for noisy in ("alembic", "mlflow", "urllib3"):
        logging.getLogger(noisy).setLevel("ERROR")
    # versions are asked with arrays once they have shown that this changes nothing
    warnings.filterwarnings("ignore", message="X does not have valid feature names")
    sys.setswitchinterval(SWITCH_S)
    try:
        gateway = assemble(settings)
    except (OSError, BackendError) as broken:
        sys.stderr.write(f"gateway: {broken}\n")
        return 2
    with gateway:
        config = uvicorn.Config(
            gateway.app,
            host=settings.host,
            port=settings.port,
            loop="uvloop",
            http="httptools",
            ws="none",
            lifespan="off",
            access_log=False,
            log_config=None,
            log_level="warning",
            server_header=False,
            date_header=False,
            timeout_graceful_shutdown=DRAIN_PATIENCE_S,
        )
        server = Server(config, gateway.health, settings.drain_s)
        server.run()
    return 0 if server.started else 3


@dataclass(slots=True)
class Gateway:
    """The parts of one process, started together and stopped in the order that loses nothing."""

    app: App
    health: Health
    watcher: Watcher
    recorder: Recorder
    shadow: Shadow
    shipper: Shipper | None

    def __enter__(self) -> Gateway:
        """Start the threads."""
        self.shadow.start()
        self.watcher.start()
        if self.shipper is not None:
            self.shipper.start()
        return self

    def __exit__(self, *exception: object) -> None:
        """Finish the shadow's queue, put everything on record, ship it, close the spool."""
        self.watcher.stop()
        self.shadow.drain(DRAIN_PATIENCE_S)
        self.recorder.writer.drain()
        if self.shipper is not None:
            self.shipper.stop()
        self.recorder.spool.close()


class Server(uvicorn.Server):
    """uvicorn's server, not ready from the first signal on and gone without an error after it."""

    def __init__(self, config: uvicorn.Config, health: Health, drain_s: float) -> None:
        super().__init__(config)
        self._health = health
        self._drain_s = drain_s

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Turn not ready at once, and close the listener after the grace time; a second signal hurries."""
        if self._health.is_draining:
            self.should_exit = self.force_exit = True
            return
        self._health.is_draining = True
        if self._drain_s > 0:
            asyncio.get_running_loop().call_later(self._drain_s, setattr, self, "should_exit", True)
        else:
            self.should_exit = True


def assemble(settings: Settings) -> Gateway:
    """Return the parts of a gateway, wired and not yet started."""
    metrics = Metrics(settings.model)
    spool = Spool(settings.spool, int(settings.spool_max_mb * (1 << 20)))
    writer = writer_of(settings.journal_level, spool, metrics.unlogged.inc)
    recorder = Recorder(spool, writer, settings.when_full, metrics)
    rule = BreakerRule(
        settings.breaker_window_s,
        settings.breaker_min_requests,
        settings.breaker_error_rate,
        settings.breaker_cooldown_s,
        settings.breaker_probes,
    )
    breakers = Breakers(rule, recorder.note_breaker)
    shadow = Shadow(recorder, breakers, metrics, settings.shadow_queue)
    models = Models(settings.tracking_uri, settings.model, settings.cache)
    watcher = Watcher(_reader(settings), models, Pace(settings.poll_s, settings.routes_stand_s))
    shipper = _shipper(settings, spool)
    health = Health(settings.model, watcher, recorder, breakers, shipper)
    app = App(
        model=settings.model,
        watcher=watcher,
        scorer=Scorer(recorder, shadow, breakers, metrics, settings.deadline_s),
        shadow=shadow,
        shipper=shipper,
        health=health,
        metrics=metrics,
        door=Door.of(settings.token.get_secret_value() if settings.token else None, settings.is_loopback),
        limits=Limits(int(settings.body_max_mb * (1 << 20)), settings.key_field),
    )
    return Gateway(app, health, watcher, recorder, shadow, shipper)


def _reader(settings: Settings) -> Callable[[], Mapping[str, Any] | None]:
    def read() -> Mapping[str, Any] | None:
        from blocks.log.reader import current_routes  # pulls MLflow in, seconds that the listener need not wait for

        return current_routes(settings.tracking_uri, settings.model)

    return read


def _shipper(settings: Settings, spool: Spool) -> Shipper | None:
    if settings.store_url is None:
        return None
    return Shipper(spool, SqlStore(settings.store_url), settings.model, settings.ship_s)


@dataclass(frozen=True, slots=True)
class SqlStore:
    """The store's journal table."""

    url: str

    def ship_journal(self, rows: Sequence[Mapping[str, object]]) -> int:
        """Keep the rows that are new."""
        from blocks.sql import journal
        from blocks.sql.engine import open_engine

        return journal.ship(open_engine(self.url), rows)
