"""Columns on all cores: the sort releases the interpreter's lock."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Answer = TypeVar("Answer")

WORTH_THREADS = 200_000


def on_all_cores(
    work: Callable[[Item], Answer], items: Sequence[Item], cells: int, threads: int | None = None
) -> list[Answer]:
    """Return `work` of every item in order; small tables are not worth a thread.

    At most `threads` items (default: the cores) are in memory at once.
    """
    count = threads or os.cpu_count() or 1
    if count == 1 or len(items) < 2 or cells < WORTH_THREADS:
        return [work(item) for item in items]
    with ThreadPoolExecutor(max_workers=count) as pool:
        return list(pool.map(work, items))
