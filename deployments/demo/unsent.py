"""What Prefect keeps in memory to send later: runs of tasks, as events, and logs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

PATIENCE = 10.0


@contextmanager
def sent_at_the_end() -> Iterator[None]:
    """Send what waits when the block ends, while the server is still there to take it.

    Prefect would try at the end of the process: with its server stopped that takes a minute, and the record of the
    last tasks is lost.
    """
    from prefect.events.worker import EventsWorker
    from prefect.logging.handlers import APILogWorker

    try:
        yield
    finally:
        for worker in (EventsWorker, APILogWorker):
            worker.drain_all(timeout=PATIENCE)
