"""What a run leaves in the Prefect UI. Outside a run there is no page to write on, and nothing happens."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar

from prefect.artifacts import create_markdown_artifact, create_progress_artifact, create_table_artifact
from prefect.context import FlowRunContext, TaskRunContext
from prefect.events import emit_event
from prefect.logging import get_run_logger

Watcher = Callable[[int, int, str], None]
WATCHER: ContextVar[Watcher | None] = ContextVar("watcher", default=None)
"""Who is told of progress in this process besides the Prefect UI: a bar in a terminal."""


def in_a_run() -> bool:
    """Return whether this code runs inside a task run."""
    return TaskRunContext.get() is not None


def key(*parts: str) -> str:
    """Return the key of an artifact: small letters, digits and hyphens are all that Prefect takes.

    >>> key("slate", "NBA.win", "2019-01-05")
    'slate-nba-win-2019-01-05'
    """
    return re.sub(r"[^a-z0-9]+", "-", "-".join(parts).lower()).strip("-")


def leave_page(name: str, markdown: str) -> None:
    """Leave a page of markdown under a key; the newest is shown first, the older ones stay."""
    if in_a_run():
        create_markdown_artifact(markdown, key=name)


def leave_table(name: str, rows: Sequence[Mapping[str, object]], description: str) -> None:
    """Leave a table under a key."""
    if in_a_run():
        create_table_artifact([dict(row) for row in rows], key=name, description=description)


def note(line: str) -> None:
    """Write a line into the run's log."""
    if in_a_run():
        get_run_logger().info("%s", line)


def warn(line: str) -> None:
    """Write a warning into the run's log."""
    if in_a_run():
        get_run_logger().warning("%s", line)


def emit(event: str, model: str, payload: Mapping[str, object]) -> None:
    """Emit a Prefect event about a model, for automations."""
    if in_a_run():
        resource = {"prefect.resource.id": f"gamenight.model.{model}", "prefect.resource.name": model}
        emit_event(event, resource=resource, payload=dict(payload))


def tell_progress(name: str, done: int, total: int, line: str) -> None:
    """Say how far a long run has come: to the watcher of this process, and in twenty steps to the Prefect UI."""
    watcher = WATCHER.get()
    if watcher is not None:
        watcher(done, total, line)
    stepped = total > 0 and done * 20 // total != (done - 1) * 20 // total
    if stepped and FlowRunContext.get() is not None:
        create_progress_artifact(100.0 * done / total, key=key(name, "progress"), description=line)
