"""How the house makes a Prefect task: never cached, tried again only when a system did not answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from prefect import Task, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.tasks import exponential_backoff

from blocks.errors import Unavailable

P = ParamSpec("P")
R = TypeVar("R")


def was_unavailable(task: Task[..., Any], task_run: TaskRun, state: State[Any]) -> bool:
    """Return whether a task failed because a system did not answer; anything else would fail again."""
    return isinstance(state.data, Unavailable) or isinstance(getattr(state.data, "exception", None), Unavailable)


def step(name: str, retries: int = 3, shown_as: str = "") -> Callable[[Callable[P, R]], Task[P, R]]:
    """Return the decorator of a task that reads or changes a system.

    Every such task is safe to repeat: what it writes carries a key, or is the same when written again. shown_as: the
    name of a run in the flow's graph, where it differs from the task's; it may name parameters in braces.
    """
    return task(
        name=name,
        task_run_name=shown_as or name,
        cache_policy=NO_CACHE,
        retries=retries,
        retry_delay_seconds=exponential_backoff(1),
        retry_condition_fn=was_unavailable,
        persist_result=False,
    )
