"""A server is up when it answers, and says why when it does not come up."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from blocks.errors import Unavailable
from deployments.stack import processes
from deployments.stack.processes import Running, Server

ANSWERS = """
import http.server, sys
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/up" else 500)
        self.end_headers()
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Answer).serve_forever()
"""
Start = Callable[..., Running]


@pytest.fixture
def port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    lock = os.open(tmp_path, os.O_RDONLY)
    with contextlib.ExitStack() as stopping:

        def started(code: str, *words: str, health: str | None = None) -> Running:
            server = Server(
                "tiny", (sys.executable, "-c", code, *words), dict(os.environ), tmp_path, health=health, grace=1
            )
            running = processes.start(server, tmp_path, lock)
            stopping.callback(running.stop)
            return running

        yield started
    os.close(lock)


def test_waiting_ends_when_the_server_answers(start: Start, port: int) -> None:
    said: list[str] = []
    running = start(ANSWERS, str(port), health=f"http://127.0.0.1:{port}/up")
    processes.wait_until_up([running], deadline=10, told=said.append)
    assert processes.answers(f"http://127.0.0.1:{port}/up")
    assert said[0].startswith("tiny is up after")


def test_an_answer_that_is_an_error_is_not_up(start: Start, port: int) -> None:
    running = start(ANSWERS, str(port), health=f"http://127.0.0.1:{port}/down")
    with pytest.raises(Unavailable, match="tiny did not answer within 1 s"):
        processes.wait_until_up([running], deadline=1, told=lambda line: None)


def test_a_server_that_stops_while_starting_is_quoted(start: Start, port: int, tmp_path: Path) -> None:
    (tmp_path / "tiny.log").write_text("an older start said this\n")
    running = start("import sys; sys.exit('address already in use')", health=f"http://127.0.0.1:{port}/up")
    with pytest.raises(Unavailable, match="stopped with status 1") as caught:
        processes.wait_until_up([running], deadline=10, told=lambda line: None)
    assert "address already in use" in caught.value.message
    assert "an older start" not in caught.value.message
    assert str(tmp_path / "tiny.log") in caught.value.remedy


def test_stopping_twice_is_stopping_once(start: Start) -> None:
    running = start("import time; time.sleep(60)")
    running.stop()
    running.stop()
    assert running.status() is not None


@pytest.mark.skipif(sys.platform != "linux", reason="reads sessions as Linux shows them")
def test_what_a_killed_leash_left_is_swept_up(start: Start) -> None:
    running = start("import subprocess, sys; subprocess.run([sys.executable, '-c', 'import time; time.sleep(60)'])")
    leash = psutil.Process(running.process.pid)
    deadline = time.monotonic() + 10
    while len(family := leash.children(recursive=True)) < 2 and time.monotonic() < deadline:
        time.sleep(0.02)
    os.kill(leash.pid, signal.SIGKILL)
    running.stop()
    assert len(family) == 2
    _, alive = psutil.wait_procs(family, timeout=5)
    assert not alive


def test_a_log_that_has_grown_large_is_set_aside(start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "LOG_LIMIT", 10)
    (tmp_path / "tiny.log").write_text("more than ten characters")
    start("pass").process.wait(timeout=10)
    assert (tmp_path / "tiny.log.1").read_text() == "more than ten characters"
