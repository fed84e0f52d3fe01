"""A running stack as its users see it: where its servers answer, and how to find the one of a home."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from deployments.stack import environment
from deployments.stack.home import Home, Record


@dataclass(frozen=True, slots=True)
class Urls:
    """Where the servers answer, without a slash at the end; empty is not started. `prefect` is the UI's address."""

    mlflow: str
    prefect: str
    gateway: str = ""

    @property
    def prefect_api(self) -> str:
        """The address of Prefect's REST API."""
        return f"{self.prefect}/api"


@dataclass(frozen=True, slots=True)
class Stack:
    """A running stack: its home, its addresses and the token that its gateway wants."""

    home: Home
    urls: Urls
    token: str = field(repr=False)

    @classmethod
    def of(cls, home: Home, record: Record) -> Stack:
        """Return the stack that a home's record tells of."""
        return cls(home, Urls(**record.urls), record.token)

    @property
    def variables(self) -> dict[str, str]:
        """What a process that uses this stack needs in its environment."""
        return environment.stack_variables(
            prefect_home=self.home.prefect, mlflow=self.urls.mlflow, prefect=self.urls.prefect, token=self.token
        )


def attach(home: Path | str) -> Stack | None:
    """Return the stack that runs in this home and is ready, or None; what a dead stack left is cleaned away."""
    place = Home.at(home)
    record = place.live_record()
    return Stack.of(place, record) if record is not None and record.ready else None
