"""One tick per model at a time, to save work: two at once would be as correct, and one of them for nothing."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextlib import AbstractContextManager

from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import GlobalConcurrencyLimitCreate
from prefect.concurrency.sync import concurrency
from prefect.context import FlowRunContext
from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound
from prefect.logging import get_run_logger

from tasks.showing import key

PATIENCE_SECONDS = 20.0
LEASE_SECONDS = 60.0
"""The shortest lease that Prefect gives: a killed tick keeps its turn for so long."""


def limit_of(model: str) -> str:
    """Return the name of a model's limit.

    >>> limit_of("nba-win")
    'gamenight-tick-nba-win'
    """
    return key("gamenight-tick", model)


@contextlib.contextmanager
def in_turn(model: str) -> Iterator[None]:
    """Hold the model's one turn while the block runs; outside a flow run there is none to hold.

    A turn that is not given in time, or a server that knows no limits, stops nothing: the log alone decides.
    """
    turn = _taken(limit_of(model)) if FlowRunContext.get() is not None else None
    try:
        yield
    finally:
        if turn is not None:
            _given_back(turn, limit_of(model))


def _taken(limit: str) -> AbstractContextManager[None] | None:
    turn = concurrency(
        limit,
        timeout_seconds=PATIENCE_SECONDS,
        lease_duration=LEASE_SECONDS,
        strict=True,
        raise_on_lease_renewal_failure=False,
    )
    try:
        _make(limit)
        turn.__enter__()
    except Exception as error:  # noqa: BLE001 - a turn only saves work, whatever keeps Prefect from giving it
        get_run_logger().info("going on without a turn of %s: %s", limit, error)
        return None
    return turn


def _given_back(turn: AbstractContextManager[None], limit: str) -> None:
    try:
        turn.__exit__(None, None, None)
    except Exception as error:  # noqa: BLE001 - the tick is done; the lease runs out by itself
        get_run_logger().info("the turn of %s ends with its lease: %s", limit, error)


def _make(limit: str) -> None:
    """Make the limit where it is missing: `strict` would refuse every tick, and without `strict` nothing is limited."""
    with get_client(sync_client=True) as client:
        try:
            client.read_global_concurrency_limit_by_name(limit)
        except ObjectNotFound:
            # asked for first: making one that exists leaves a traceback in the server's log
            with contextlib.suppress(ObjectAlreadyExists):
                client.create_global_concurrency_limit(GlobalConcurrencyLimitCreate(name=limit, limit=1))
