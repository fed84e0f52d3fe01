"""A bar for the nights and a line for the step, on stderr."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from deployments.demo.story import MOST_NIGHTS


@contextmanager
def shown() -> Iterator[Callable[[str, int], None]]:
    """Yield the function that the story tells its steps to; without a terminal every new step is a plain line."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.completed:>3.0f} nights"), BarColumn(24), TimeElapsedColumn())
    with Progress(*columns, TextColumn("{task.description}"), console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=MOST_NIGHTS)
        last = ""

        def tell(line: str, nights: int) -> None:
            nonlocal last
            if line != last and not console.is_terminal:
                console.print(f"{nights:>3} nights  {line}")
            last = line
            bar.update(task, completed=nights, description=line)

        yield tell
