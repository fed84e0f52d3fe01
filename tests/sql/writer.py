"""A process that writes to a store: `python tests/sql/writer.py URL JOB [STATEMENT]`.

It says "ready", waits for a line, works, and prints what the work returned. With STATEMENT it says "stopped" after
that many statements, inside the transaction, and waits there to be killed.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine, event

from blocks.sql import journal, manifests, outcomes, predictions
from blocks.sql.engine import open_engine
from blocks.sql.migration import migrate

TIP = datetime(2019, 1, 6, tzinfo=UTC)
UNITS = [f"g{number:03d}" for number in range(200)]


def seals(version: str = "1") -> list[dict[str, object]]:
    """Return forecasts for every unit of one slate."""
    shared = {"slate": "2019-01-05", "version": version, "role": "champion", "served": True, "tip_at": TIP}
    return [{**shared, "unit": unit, "p": 0.5, "made_at": TIP - timedelta(hours=1)} for unit in UNITS]


def results(outcome: float) -> list[dict[str, object]]:
    """Return final outcomes for every unit of one slate."""
    return [{"slate": "2019-01-05", "unit": unit, "status": "final", "outcome": outcome} for unit in UNITS]


def lines() -> list[dict[str, object]]:
    """Return journal rows of many requests."""
    return [{"model": "m", "request_id": unit, "version": "1", "at": TIP, "output": 0.5} for unit in UNITS]


JOBS: dict[str, Callable[[Engine], object]] = {
    "migrate": migrate,
    "lock-a": lambda engine: manifests.lock(engine, "m", "2019-01-05", {"by": "a"}, TIP)["by"],
    "lock-b": lambda engine: manifests.lock(engine, "m", "2019-01-05", {"by": "b"}, TIP)["by"],
    "revise": lambda engine: [
        manifests.revise(engine, "m", "2019-01-05", {"turn": turn, "by": id(engine)}, TIP)["turn"] for turn in range(20)
    ],
    "seal": lambda engine: predictions.seal(engine, "m", seals()),
    "win": lambda engine: len(outcomes.record(engine, "m", results(1.0), TIP)),
    "loss": lambda engine: len(outcomes.record(engine, "m", results(0.0), TIP)),
    "ship": lambda engine: journal.ship(engine, lines()),
}


def main(url: str, job: str, statement: str = "0") -> None:
    """Do one job once the parent says so."""
    engine = open_engine(url, wait_seconds=30)
    if int(statement):
        _stop_after(engine, int(statement))
    _say("ready")
    sys.stdin.readline()
    _say(JOBS[job](engine))


def _say(word: object) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


def _stop_after(engine: Engine, statements: int) -> None:
    seen = 0

    def count(*_: object) -> None:
        nonlocal seen
        seen += 1
        if seen == statements:
            _say("stopped")
            sys.stdin.readline()

    event.listen(engine, "after_cursor_execute", count)


if __name__ == "__main__":
    main(*sys.argv[1:])
