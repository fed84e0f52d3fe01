"""The data gates between the steps: what fails stops the flow by the expectation's name, what may be set aside is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from blocks.gates import Gates
from tasks.showing import key, leave_page, warn
from tasks.step import step

if TYPE_CHECKING:
    import pandas as pd


class GateFailed(Exception):
    """A table did not meet its suite: the flow stops here, and the message names every expectation that failed."""

    def __init__(self, suite: str, failed: list[dict[str, Any]]) -> None:
        told = "; ".join(f"{one['expectation']} on {one['column']}: {one['why']}" for one in failed)
        super().__init__(f"the data did not pass the gate {suite}: {told}")
        self.suite = suite
        self.failed = failed


@dataclass(frozen=True, slots=True)
class Passed:
    """The rows that passed a gate, and for those set aside the reason by their key."""

    frame: pd.DataFrame
    why: dict[str, str]


def passed(frame: pd.DataFrame, answer: Mapping[str, Any]) -> Passed:
    """Return the rows of a frame that a gate's answer lets pass; raise GateFailed where the verdict is not PASS."""
    if answer["verdict"] != "PASS":
        raise GateFailed(answer["suite"], answer["failed"])
    out = {int(one["row"]) for one in answer["quarantined"]}
    why = {str(one["key"]): str(one["why"]) for one in answer["quarantined"]}
    return Passed(frame.iloc[[row for row in range(len(frame)) if row not in out]] if out else frame, why)


def ask(gates: Gates, suite: str, frame: pd.DataFrame, context: Mapping[str, object] | None, name: str) -> Passed:
    """Run a suite, leave its page whatever it says, and return the rows that pass; raise GateFailed."""
    answer = gates.run(suite, frame, context)
    leave_page(key("gate", name), str(answer["markdown"]))
    return passed(frame, answer)


def suite_name(model: str, file: str) -> str:
    """Return the name of a suite for the file that a policy names.

    >>> suite_name("nba-win", "slates.yaml")
    'nba-win/slates'
    """
    return f"{model}/{file.removesuffix('.yaml')}"


@step("data gate")
def must_pass(
    gates: Gates, model: str, suite: str, frame: pd.DataFrame, context: Mapping[str, object] | None = None
) -> Passed:
    """Hold a table against its suite; leave the page of the gate, and stop the flow where it fails."""
    name = suite_name(model, suite)
    answer = ask(gates, name, frame, context, name)
    for unit, why in answer.why.items():
        warn(f"{name}: {unit} is set aside: {why}")
    return answer


@step("data gate of every night")
def must_pass_each(gates: Gates, model: str, suite: str, frames: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Hold every night's results against their suite; a night without rows has nothing to check."""
    name = suite_name(model, suite)
    return {
        night: ask(gates, name, frame, None, f"{name}-{night}").frame if len(frame) else frame
        for night, frame in frames.items()
    }


@step("data gate, without stopping")
def gate(
    gates: Gates, model: str, suite: str, frame: pd.DataFrame, context: Mapping[str, object] | None = None
) -> dict[str, object]:
    """Hold a table against its suite, leave the page, and return the answer, for a gate that only reports."""
    name = suite_name(model, suite)
    answer = gates.run(name, frame, context)
    leave_page(key("gate", name), str(answer["markdown"]))
    return answer
