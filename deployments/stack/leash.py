"""Hold one server on a leash: `python leash.py GRACE COMMAND...`, with a pipe of its owner as standard input.

The command runs in a process group of its own. When the owner is gone by whatever death (the pipe closes), or asks
by SIGTERM, the group gets SIGTERM, and after GRACE seconds everything that is left of it SIGKILL, so that not even a
killed owner leaves an orphan. Run as a file and built on the standard library, because one runs beside each server.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import signal
import subprocess
import sys
import time
from types import FrameType

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
SPAWNED_BY_SIGNAL = 128


def main() -> int:
    """Run the command to its end or to the owner's, and return its exit status."""
    grace, command = float(sys.argv[1]), sys.argv[2:]
    wake_reader, wake_writer = os.pipe()
    os.set_blocking(wake_writer, False)
    signal.set_wakeup_fd(wake_writer)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD):
        signal.signal(number, _only_wake)
    _prctl(PR_SET_CHILD_SUBREAPER, 1)
    # preexec_fn is safe here: the leash has one thread
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, process_group=0, preexec_fn=_die_with_the_leash)  # noqa: PLW1509
    _until_asked(child, wake_reader)
    others = _descendants(child.pid)
    _signal_group(child.pid, signal.SIGTERM)
    status = _wait(child, grace)
    _kill_what_is_left(child.pid, others)
    return status if status >= 0 else SPAWNED_BY_SIGNAL - status


def _until_asked(child: subprocess.Popen[bytes], wake_reader: int) -> None:
    owner = sys.stdin.fileno()
    while child.poll() is None:
        ready, _, _ = select.select([owner, wake_reader], [], [])
        if owner in ready and not os.read(owner, 1):
            return
        if wake_reader in ready and set(os.read(wake_reader, 64)) - {signal.SIGCHLD}:
            return


def _wait(child: subprocess.Popen[bytes], grace: float) -> int:
    try:
        return child.wait(timeout=grace)
    except subprocess.TimeoutExpired:
        _signal_group(child.pid, signal.SIGKILL)
        return child.wait()


def _kill_what_is_left(group: int, others: set[int]) -> None:
    """Kill the group, then what left it for a session of its own: on Linux such orphans come back to the leash."""
    _signal_group(group, signal.SIGKILL)
    for pid in others | _descendants(os.getpid()):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)
    with contextlib.suppress(ChildProcessError):
        deadline = time.monotonic() + 2
        while time.monotonic() < deadline and os.waitpid(-1, os.WNOHANG) is not None:
            time.sleep(0.02)


def _descendants(pid: int) -> set[int]:
    """Return the pids below a process now; empty where psutil is missing."""
    try:
        import psutil
    except ImportError:
        return set()
    with contextlib.suppress(psutil.Error):
        return {child.pid for child in psutil.Process(pid).children(recursive=True)}
    return set()


def _signal_group(group: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def _only_wake(number: int, frame: FrameType | None) -> None:
    """Let the wake-up pipe carry the signal; the handler itself does nothing."""


def _die_with_the_leash() -> None:
    _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


if __name__ == "__main__":
    sys.exit(main())
