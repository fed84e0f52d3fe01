"""A progress bar on stderr for verbs that run long; without a terminal, a line every tenth of the way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def watched(unit: str) -> Iterator[None]:
    """Show the progress that flows tell in this process; `unit` is what is counted."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from tasks.showing import WATCHER

    console = Console(stderr=True)
    columns = (BarColumn(24), MofNCompleteColumn(), TextColumn(unit), TimeElapsedColumn())
    with Progress(*columns, TextColumn("{task.description}"), console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=None)

        def watch(done: int, total: int, line: str) -> None:
            if not console.is_terminal and (done == total or done * 10 // total != (done - 1) * 10 // total):
                console.print(f"{done} of {total} {unit}  {line}", highlight=False)
            bar.update(task, completed=done, total=total, description=line)

        token = WATCHER.set(watch)
        try:
            yield
        finally:
            WATCHER.reset(token)
