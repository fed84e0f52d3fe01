"""How a stack that another process runs is stopped."""

from __future__ import annotations

import contextlib
import os
import signal
import time

from blocks.errors import Unavailable
from deployments.stack.home import Home, Record

GENTLE_SECONDS = 60.0
FORCED_SECONDS = 30.0


def stop_stack(home: Home) -> int | None:
    """Stop the stack of a home and return its supervisor's pid, or None where none runs; safe to repeat.

    A supervisor that does not stop in time is killed, and its leashes stop the servers. Raises Unavailable when
    something still holds the home after that.
    """
    record = home.live_record()
    if record is None:
        return None
    for number, patience in ((signal.SIGTERM, GENTLE_SECONDS), (signal.SIGKILL, FORCED_SECONDS)):
        if _is_the_supervisor(record):
            with contextlib.suppress(ProcessLookupError):
                os.kill(record.pid, number)
        if _freed(home, patience):
            return record.pid
    raise Unavailable(
        f"The stack of process {record.pid} in {home.root} does not stop.",
        f"Its servers' pids are {record.pids}; their logs are in {home.logs}.",
    )


def _is_the_supervisor(record: Record) -> bool:
    """Return whether the pid is still the process that wrote the record, and not a later one of the same number."""
    import psutil

    with contextlib.suppress(psutil.Error):
        return bool(psutil.Process(record.pid).create_time() <= record.started + 5)
    return False


def _freed(home: Home, patience: float) -> bool:
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if home.live_record() is None:
            return True
        time.sleep(0.1)
    return False
