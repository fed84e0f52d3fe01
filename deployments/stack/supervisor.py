"""The stack as one thing, run by this process: `start_stack` for a block of code, `supervised` for a watch."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType

from blocks.errors import Unavailable
from deployments.stack import environment, processes, runner, servers
from deployments.stack.home import Home, Record
from deployments.stack.processes import Running, Server
from deployments.stack.stack import Stack, attach

STARTUP_SECONDS = 180.0
RESTARTS = 3
USUAL_PORTS = {"mlflow": 5000, "prefect": 4200, "gateway": 8080}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to start beside MLflow and Prefect, for which model, and how to tell of it.

    `deployments_of` is the root of a project whose `deployments/prefect.yaml` is deployed and run by a worker;
    `usual_ports` asks for the ports that people know (4200, 5000, 8080) where they are free; `make_room` may move
    what stands in the home, and is called once the home is held and before anything is started in it.
    """

    model: str = "nba-win"
    gateway: bool = True
    deployments_of: Path | None = None
    usual_ports: bool = False
    progress: Callable[[str], None] = lambda line: None
    make_room: Callable[[Home], None] = lambda home: None


class Supervisor:
    """Start servers one by one, keep the home's record true, and stop everything in reverse order."""

    def __init__(self, home: Home, wanted: Wanted, lock: int) -> None:
        """Take the held home; nothing is started yet."""
        self.home = home
        self.wanted = wanted
        self._lock = lock
        self._running: list[Running] = []
        names = ["mlflow", "prefect", *(["gateway"] if wanted.gateway else [])]
        ports = environment.ports(names, USUAL_PORTS if wanted.usual_ports else {})
        urls = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
        self.record = Record(os.getpid(), time.time(), token=secrets.token_urlsafe(24), urls=urls, ports=ports)
        home.write(self.record)

    @property
    def stack(self) -> Stack:
        """The stack as its users see it."""
        return Stack.of(self.home, self.record)

    def start(self) -> None:
        """Start the servers side by side, because each takes seconds, and bring the store to its tables meanwhile."""
        started = [self.add(servers.mlflow(self.home, self.record)), self.add(servers.prefect(self.home, self.record))]
        if self.wanted.gateway:
            started.append(self.add(servers.gateway(self.home, self.record, self.wanted.model)))
        _migrate(self.home.store_url)
        self._up(started)
        if self.wanted.deployments_of is not None:
            self._serve_deployments(self.wanted.deployments_of)

    def add(self, server: Server) -> Running:
        """Start one more server and write it down."""
        self.wanted.progress(f"starting {server.name}" + (f" at {server.address}" if server.address else ""))
        running = processes.start(server, self.home.logs, self._lock)
        self._running.append(running)
        self._write()
        return running

    def ready(self) -> None:
        """Let other commands attach from now on."""
        self.record = replace(self.record, ready=True)
        self._write()

    def watch(self, pause: float = 0.5) -> None:
        """Stay until a signal, starting again what dies; raises Unavailable for a server that keeps dying."""
        died: dict[str, int] = {}
        while True:
            for one in [one for one in self._running if one.status() is not None]:
                died[one.name] = died.get(one.name, 0) + 1
                what = f"{one.name} stopped with status {one.status()}"
                if died[one.name] > RESTARTS:
                    raise Unavailable(f"{what} for the {died[one.name]}th time:\n{one.last_lines()}", f"See {one.log}.")
                self.wanted.progress(f"{what}; starting it again")
                self._replace(one)
            time.sleep(pause)

    def stop(self) -> None:
        """Stop everything, the last started first; safe to repeat."""
        with contextlib.ExitStack() as stopping:
            for one in self._running:
                stopping.callback(one.stop)
        self._running.clear()

    def _serve_deployments(self, project: Path) -> None:
        self.add(servers.worker(self.home, self.record))
        self.wanted.progress("saving the blocks that flows open by name")
        runner.save_blocks(self.stack)
        self.wanted.progress("deploying the flows and their schedules")
        runner.deploy(self.stack, project)

    def _replace(self, dead: Running) -> None:
        dead.stop()
        place = self._running.index(dead)
        self._running[place] = processes.start(dead.server, self.home.logs, self._lock)
        self._write()
        self._up([self._running[place]])

    def _up(self, running: list[Running]) -> None:
        processes.wait_until_up(running, STARTUP_SECONDS, self.wanted.progress)

    def _write(self) -> None:
        self.record = replace(self.record, pids={one.name: one.process.pid for one in self._running})
        self.home.write(self.record)


@contextlib.contextmanager
def supervised(home: Path | str, wanted: Wanted) -> Iterator[Supervisor]:
    """Hold the home, start the stack and yield its supervisor; however the block ends, no server outlives it.

    Ctrl-C, SIGTERM and SIGHUP end the block; after SIGKILL the leashes stop the servers. Raises Refused when another
    stack has the home, Unavailable when a server does not come up.
    """
    place = Home.at(home)
    place.prepare()
    with place.held() as lock, _signals_end_the_block():
        wanted.make_room(place)
        place.prepare()
        supervisor = Supervisor(place, wanted, lock)
        try:
            supervisor.start()
            with environment.applied(supervisor.stack.variables):
                yield supervisor
        finally:
            supervisor.stop()
            place.record_path.unlink(missing_ok=True)


@contextlib.contextmanager
def start_stack(home: Path | str, wanted: Wanted = Wanted()) -> Iterator[Stack]:
    """Run a stack in this process until the block ends, with this process's environment set to it.

    Prefect reads its environment when it is imported: import it inside the block. See `supervised` for the errors.
    """
    with supervised(home, wanted) as supervisor:
        supervisor.ready()
        yield supervisor.stack


@contextlib.contextmanager
def attached_or_started(home: Path | str, wanted: Wanted = Wanted()) -> Iterator[Stack]:
    """Use the stack that runs in this home, else run one for the block."""
    found = attach(home)
    if found is None:
        with start_stack(home, wanted) as stack:
            yield stack
    else:
        with environment.applied(found.variables):
            yield found


def _migrate(store_url: str) -> None:
    from blocks.sql.engine import open_engine
    from blocks.sql.migration import migrate

    migrate(open_engine(store_url))


@contextlib.contextmanager
def _signals_end_the_block() -> Iterator[None]:
    """Turn SIGTERM and SIGHUP into SystemExit, so that `finally` runs; only the main thread may."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, _leave) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _leave(number: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + number)
