"""No orphan, whatever kills whom."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import psutil
import pytest

from deployments.stack import leash

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads the process table as Linux shows it")

# a server with a child in its group and one in a session of its own, as a worker's flow run is
SERVER = """
import subprocess, sys, time
sleep = [sys.executable, "-c", "import time; time.sleep(60)"]
near, far = subprocess.Popen(sleep), subprocess.Popen(sleep, start_new_session=True)
print(near.pid, far.pid, flush=True)
time.sleep(60)
"""
STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("deaf", flush=True)
time.sleep(60)
"""
OWNER = """
import subprocess, sys
subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE, start_new_session=True).wait()
"""


def _leashed(code: str, grace: float = 5.0) -> list[str]:
    return [sys.executable, "-I", str(leash.__file__), str(grace), sys.executable, "-c", code]


@pytest.fixture
def started() -> Iterator[list[subprocess.Popen[str]]]:
    processes: list[subprocess.Popen[str]] = []
    yield processes
    for process in processes:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        process.communicate()


def _start(started: list[subprocess.Popen[str]], command: list[str]) -> subprocess.Popen[str]:
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    started.append(process)
    return process


def _line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def _all_gone(pids: set[int], within: float = 8.0) -> bool:
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        if not any(_is_running(pid) for pid in pids):
            return True
        time.sleep(0.02)
    return False


def _is_running(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _family(process: subprocess.Popen[str]) -> set[int]:
    return {one.pid for one in psutil.Process(process.pid).children(recursive=True)}


def test_a_killed_owner_leaves_nothing_behind(started: list[subprocess.Popen[str]]) -> None:
    owner = _start(started, [sys.executable, "-c", OWNER, *_leashed(SERVER)])
    _line(owner)
    family = _family(owner)
    assert len(family) == 4
    os.kill(owner.pid, signal.SIGKILL)
    assert _all_gone(family)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_to_the_leash_stops_what_it_holds(
    started: list[subprocess.Popen[str]], number: signal.Signals
) -> None:
    held = _start(started, _leashed(SERVER))
    _line(held)
    family = _family(held)
    held.send_signal(number)
    held.wait(timeout=8)
    assert _all_gone(family)


def test_a_closed_pipe_is_the_order_to_stop(started: list[subprocess.Popen[str]]) -> None:
    held = _start(started, _leashed(SERVER))
    _line(held)
    family = _family(held)
    assert held.stdin is not None
    held.stdin.close()
    held.stdin = None
    assert _all_gone(family | {held.pid})


def test_a_server_that_will_not_stop_is_killed_after_its_grace(started: list[subprocess.Popen[str]]) -> None:
    held = _start(started, _leashed(STUBBORN, grace=0.2))
    assert _line(held) == "deaf"
    family = _family(held)
    held.terminate()
    assert held.wait(timeout=8) == 128 + signal.SIGKILL
    assert _all_gone(family)


def test_a_killed_leash_takes_its_server_along(started: list[subprocess.Popen[str]]) -> None:
    held = _start(started, _leashed(STUBBORN))
    assert _line(held) == "deaf"
    family = _family(held)
    held.kill()
    assert _all_gone(family)


@pytest.mark.parametrize("status", [0, 7])
def test_the_servers_exit_status_is_passed_on(started: list[subprocess.Popen[str]], status: int) -> None:
    assert _start(started, _leashed(f"raise SystemExit({status})")).wait(timeout=8) == status
