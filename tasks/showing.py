"""What a run leaves in the Prefect UI. Outside a run there is no page to write on, and nothing happens."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar

from prefect.artifacts import create_markdown_artifact, create_progress_artifact, create_table_artifact
from prefect.context import TaskRunContext
from prefect.events import emit_event
from prefect.logging import get_run_logger


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


listener: ContextVar[Callable[[int, int], None] | None] = ContextVar("listener", default=None)
"""Who is told of progress in this process beside the Prefect UI: a command that draws a bar."""


def progress(name: str, model: str, done: int, of: int) -> None:
    """Tell how much of a long step is done, in the Prefect UI and to the listener."""
    told = listener.get()
    if told is not None:
        told(done, of)
    if in_a_run():
        note(f"{name}: {done} of {of}")
        create_progress_artifact(100.0 * done / max(of, 1), key=key(name, model, "progress"))
