"""Run a flow for a verb, on the servers of the stack that runs in the home, else on servers started for the call."""

from __future__ import annotations

import contextlib
import getpass
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from blocks.errors import NotFound
from deployments.command import output
from deployments.command.reading import Reading, opened
from deployments.stack import environment, runner, servers
from deployments.stack.stack import Stack, attach
from deployments.stack.supervisor import Wanted, start_stack

if TYPE_CHECKING:
    from blocks.log.rollouts import Record

PLATFORM = "local"
QUIET = {"PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL"}
"""The runs' logs are in the Prefect UI; an error is told once, by the command."""

RETREATS = frozenset({"rollback", "abort", "reject"})

by_option = click.option("--by", metavar="NAME", default=None, help="Who asks.  [default: your login name]")


def person(by: str | None) -> str:
    """Return the name that was given, or the login name of the person who calls."""
    if by:
        return by
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may run as a user without a name
        return "somebody"


@contextlib.contextmanager
def running(home: Path, model: str, new: bool | None = False) -> Iterator[Reading]:
    """Make this process one in which flows run, and yield the record they write to.

    new: whether the model may be unknown yet, if it has a policy; None: it may be any. Raises NotFound before anything
    is started for a model that may not.
    Prefect reads its environment when it is imported: import flows inside the block.
    """
    if new is not None:
        _must_be_known(home, model, new)
    with contextlib.ExitStack() as held:
        found = attach(home)
        wanted = Wanted(model=model, gateway=False, progress=output.say)
        stack = found or held.enter_context(start_stack(home, wanted))
        held.enter_context(environment.applied({**stack.variables, **QUIET}))
        held.callback(_send_what_is_queued)
        held.enter_context(_without_heartbeat())
        if found is None:
            _save(stack)
        yield Reading(stack.home, stack.urls.mlflow)


def _must_be_known(home: Path, model: str, new: bool) -> None:
    if not new:
        with opened(home) as reading:
            reading.named(model)
        return
    policy = servers.ROOT / "deployments" / "models" / model / "policy.yaml"
    if not policy.is_file():
        raise NotFound(f"{model} has no policy: {policy} is missing.", f"Write one; `model: {model}` is enough.")


@contextlib.contextmanager
def _without_heartbeat() -> Iterator[None]:
    # a sync flow run joins its heartbeat thread, which costs about a second a run
    from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings

    with temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}):
        yield


def _send_what_is_queued() -> None:
    """Hand over the logs and events of the runs while a server still takes them; at exit it may be gone."""
    from prefect.events.worker import EventsWorker
    from prefect.logging.handlers import APILogHandler

    APILogHandler().flush()
    EventsWorker.drain_all(timeout=5)


def _save(stack: Stack) -> None:
    from blocks.__main__ import platform_of, save, words

    save(platform_of(words(runner.block_words(stack)), stack.token), PLATFORM)


def newest(reading: Reading, model: str) -> Record | None:
    """Return the raw record of the newest rollout."""
    return reading.registry.log.head(model)


def event_since(reading: Reading, model: str, before: Record | None) -> dict[str, Any] | None:
    """Return the newest event as the history shows it, if it was not there before; else None."""
    from tasks.records import rollout_of
    from tasks.status import event_row

    after = newest(reading, model)
    if after is None or not after.events:
        return None
    if before is not None and (before.run_id, len(before.events)) == (after.run_id, len(after.events)):
        return None
    rollout = rollout_of(after)
    return event_row(rollout, rollout.events[-1])


def retreated(answer: dict[str, Any]) -> bool:
    """Return whether the event of an answer took a version back or refused it."""
    event = answer["event"]
    return event is not None and event["type"] in RETREATS


def report(answer: dict[str, Any], as_json: bool) -> None:
    """Print the status with its event, the way every verb that moves a rollout does."""
    from deployments.command.status import moved, sentences

    if as_json:
        output.emit(answer)
    else:
        output.tell(f"{moved(answer['event'])}\n{sentences(answer)}")
