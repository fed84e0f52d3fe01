"""Kill a real process at a write: children are forked from a warm parent, counted, and stopped by SIGKILL.

What is wrapped in a child counts and kills; it never changes what is written.
"""

from __future__ import annotations

import mmap
import os
import pickle
import signal
import struct
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

T = TypeVar("T")
When = Literal["before", "after"]

WRITES = (
    "create_experiment",
    "create_run",
    "log_param",
    "log_batch",
    "log_metric",
    "log_text",
    "log_artifact",
    "log_artifacts",
    "set_tag",
    "set_experiment_tag",
    "update_run",
    "set_terminated",
    "create_registered_model",
    "create_model_version",
    "set_registered_model_tag",
    "set_model_version_tag",
    "set_registered_model_alias",
    "delete_registered_model_alias",
    "delete_model_version",
    "delete_registered_model",
    "delete_model_version_tag",
    "delete_registered_model_tag",
)
"""Every method of MLflow's client that writes and that this project may come to call."""


class Killed(Exception):
    """The child was stopped by SIGKILL."""


class Failed(Exception):
    """The child raised; the text is its traceback."""


@dataclass(frozen=True, slots=True)
class Point:
    """One place to die: before or after write `number` (from 1) of step `step` (from 0)."""

    step: int
    number: int
    when: When
    write: str = ""

    def __str__(self) -> str:
        return f"step {self.step}, {self.when} write {self.number} ({self.write})"


class Progress:
    """How far a child came, readable after its death."""

    def __init__(self) -> None:
        self._shared = mmap.mmap(-1, 8)

    @property
    def step(self) -> int:
        """Return the step that was under way last."""
        return int(struct.unpack("i", self._shared[:4])[0])

    @step.setter
    def step(self, number: int) -> None:
        self._shared[:4] = struct.pack("i", number)


class Counter:
    """Count the writes of this process, and kill it at one of them."""

    def __init__(self, kill: tuple[int, When] | None = None) -> None:
        self.kill = kill
        self.writes: list[str] = []
        self._inside = False

    def install(self) -> None:
        """Wrap every write to MLflow, the revision of a manifest, and the sending of a notice."""
        from mlflow.tracking import MlflowClient

        from blocks.notifier import Notifier
        from blocks.store import Store

        ours = [(Store, "revise_manifest"), (Store, "exchange_manifest"), (Notifier, "send")]
        for owner, name in [*((MlflowClient, name) for name in WRITES), *ours]:
            setattr(owner, name, self._counted(name, getattr(owner, name)))

    def _counted(self, name: str, write: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*arguments: Any, **named: Any) -> Any:
            if self._inside:
                return write(*arguments, **named)
            self.writes.append(name)
            self._die(len(self.writes), "before")
            self._inside = True
            try:
                return write(*arguments, **named)
            finally:
                self._inside = False
                self._die(len(self.writes), "after")

        return counted

    def _die(self, number: int, when: When) -> None:
        if self.kill == (number, when):
            os.kill(os.getpid(), signal.SIGKILL)


@dataclass(frozen=True, slots=True)
class Child:
    """A forked process whose answer comes through a pipe."""

    pid: int
    answer: int

    def result(self) -> Any:
        """Wait for its end and return what it returned; raise Killed or Failed."""
        with os.fdopen(self.answer, "rb") as pipe:
            said = pipe.read()
        _, status = os.waitpid(self.pid, 0)
        if os.WIFSIGNALED(status):
            if os.WTERMSIG(status) == signal.SIGKILL:
                raise Killed(f"process {self.pid}")
            raise Failed(f"process {self.pid} ended by signal {os.WTERMSIG(status)}")
        fine, value = pickle.loads(said)
        if not fine:
            raise Failed(value)
        return value


def start(work: Callable[[], Any]) -> Child:
    """Fork a process that does some work."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writing)
        return Child(pid, reading)
    os.close(reading)
    try:
        answer = (True, work())
    except BaseException:  # noqa: BLE001 - the parent raises whatever it was
        answer = (False, traceback.format_exc())
    try:
        with os.fdopen(writing, "wb") as pipe:
            pickle.dump(answer, pipe)
    finally:
        os._exit(0)


def in_child(work: Callable[[], T]) -> T:
    """Do some work in a fresh process and return its answer."""
    value: T = start(work).result()
    return value
