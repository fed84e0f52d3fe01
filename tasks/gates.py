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


@step("data gate of all nights")
def must_pass_together(
    gates: Gates, model: str, suite: str, frames: Mapping[str, pd.DataFrame]
) -> dict[str, pd.DataFrame]:
    """Hold the results of several nights against their suite at once, and return them by night.

    Rows of games that moved to another night carry no result and are passed on as they are.
    """
    import pandas as pd

    told = [frame[frame["status"] != "moved"].assign(_night=night) for night, frame in frames.items()]
    table = pd.concat(told, ignore_index=True) if told else pd.DataFrame()
    if table.empty:
        return dict(frames)
    name = suite_name(model, suite)
    good = ask(gates, name, table.drop(columns="_night"), None, name).frame.assign(_night=table["_night"])
    return {night: pd.concat([_of(good, night), frame[frame["status"] == "moved"]]) for night, frame in frames.items()}


def _of(table: pd.DataFrame, night: str) -> pd.DataFrame:
    return table[table["_night"] == night].drop(columns="_night")


@step("data gate, without stopping")
def gate(
    gates: Gates, model: str, suite: str, frame: pd.DataFrame, context: Mapping[str, object] | None = None
) -> dict[str, object]:
    """Hold a table against its suite, leave the page, and return the answer, for a gate that only reports."""
    name = suite_name(model, suite)
    answer = gates.run(name, frame, context)
    leave_page(key("gate", name), str(answer["markdown"]))
    return answer
