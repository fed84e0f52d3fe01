"""One server of the stack: started on a leash, polled until it answers, stopped with everything below it."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from blocks.errors import Unavailable
from deployments.stack import leash

POLL_SECONDS = 0.1
LOG_LIMIT = 20_000_000
QUOTED_LINES = 12


@dataclass(frozen=True, slots=True)
class Server:
    """What to run: `health` is an address that answers 2xx once the server is up, None where alive is enough."""

    name: str
    command: tuple[str, ...]
    environment: dict[str, str]
    directory: Path
    health: str | None = None
    grace: float = 8.0

    @property
    def address(self) -> str:
        """Where it answers, empty for one that listens nowhere."""
        return "{0.scheme}://{0.netloc}".format(urlsplit(self.health)) if self.health else ""


@dataclass(slots=True)
class Running:
    """A started server, its log and where in it this start begins."""

    server: Server
    process: subprocess.Popen[bytes]
    log: Path
    log_start: int
    started: float = field(default_factory=time.monotonic)

    @property
    def name(self) -> str:
        """The server's name."""
        return self.server.name

    def status(self) -> int | None:
        """Return the exit status, or None while it runs."""
        return self.process.poll()

    def last_lines(self, count: int = QUOTED_LINES) -> str:
        """Return the last lines this start has logged."""
        with self.log.open("rb") as file:
            file.seek(self.log_start)
            lines = file.read().decode(errors="replace").splitlines()
        return "\n".join(f"    {line}" for line in lines[-count:])

    def stop(self) -> None:
        """Stop the server and everything below it; safe to repeat."""
        self.ask_to_stop()
        try:
            self.process.wait(timeout=self.server.grace + 5)
        except subprocess.TimeoutExpired:
            self.process.kill()
        if self.process.wait() < 0:
            _sweep_session(self.process.pid)

    def ask_to_stop(self) -> None:
        """Close the leash's pipe, which is the order to stop, and return at once."""
        if self.process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self.process.stdin.close()


def start(server: Server, logs: Path, lock: int) -> Running:
    """Start a server on its leash; its output goes to `<logs>/<name>.log`."""
    log = logs / f"{server.name}.log"
    if log.exists() and log.stat().st_size > LOG_LIMIT:
        log.replace(log.with_suffix(".log.1"))
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-I", str(leash.__file__), str(server.grace), *server.command],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=server.directory,
            env=server.environment,
            start_new_session=True,
            pass_fds=(lock,),
        )
        return Running(server, process, log, log_start=os.fstat(output.fileno()).st_size)


def wait_until_up(running: Sequence[Running], deadline: float, told: Callable[[str], None]) -> None:
    """Return once every server answers; `deadline` is in seconds for all of them together.

    Raises Unavailable, quoting the log's last lines, when one stops or does not come up in time.
    """
    started = time.monotonic()
    waiting = list(running)
    while waiting:
        for one in list(waiting):
            if one.status() is not None:
                raise _not_up(one, f"stopped with status {one.status()} while it was starting")
            if one.server.health is None or answers(one.server.health):
                waiting.remove(one)
                told(f"{one.name} is up after {time.monotonic() - one.started:.1f} s")
        if waiting and time.monotonic() - started > deadline:
            raise _not_up(waiting[0], f"did not answer within {deadline:.0f} s at {waiting[0].server.health}")
        time.sleep(POLL_SECONDS)


def _not_up(one: Running, what: str) -> Unavailable:
    return Unavailable(f"{one.name} {what}. Its log ends:\n{one.last_lines()}\n", f"The whole log is {one.log}.")


def _sweep_session(session: int) -> None:
    """Kill what a leash that was itself killed has left: everything below it is still of its session."""
    import psutil

    for pid in psutil.pids():
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if os.getsid(pid) == session:
                os.kill(pid, signal.SIGKILL)


def answers(address: str, timeout: float = 2.0) -> bool:
    """Return whether an address answers 2xx now; settings of a proxy do not matter on loopback."""
    parts = urlsplit(address)
    connection = http.client.HTTPConnection(parts.hostname or "127.0.0.1", parts.port, timeout=timeout)
    try:
        connection.request("GET", parts.path or "/")
        return 200 <= connection.getresponse().status < 300
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
