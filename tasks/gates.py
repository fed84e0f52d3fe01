"""The data gates between the steps: what fails stops the flow by the expectation's name, what may be set aside is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from blocks.errors import BackendError
from blocks.platform import Platform
from tasks.rollout.candidate import Gate
from tasks.rollout.canonical import canonical
from tasks.rollout.policy import Policy
from tasks.rollout.verdict import Verdict
from tasks.showing import key, leave_page, note, warn
from tasks.step import step

if TYPE_CHECKING:
    import pandas as pd

NAMED = ("slates", "results", "training")
"""The gates whose suite a policy names; the others are asked where the model has a file of that name."""


class GateFailed(Exception):
    """A table did not meet its suite: the flow stops here, and the message names every expectation that failed."""

    def __init__(self, suite: str, failed: list[dict[str, Any]]) -> None:
        super().__init__(f"the data did not pass the gate {suite}: {told(failed)}")
        self.suite = suite
        self.failed = failed


def told(failed: list[dict[str, Any]]) -> str:
    """Return failed expectations in one line."""
    return "; ".join(f"{one['expectation']} on {one['column']}: {one['why']}" for one in failed)


@dataclass(frozen=True, slots=True)
class DataGate:
    """A data gate of a model: its name, the suite that is asked, and whether its answer is shown and not counted."""

    model: str
    name: str
    suite: str
    dry_run: bool = False

    @property
    def shown(self) -> str:
        """Return the name in a table that holds the gates of a version too."""
        return f"{self.name} data"

    @property
    def must_be_there(self) -> bool:
        """Return whether a missing suite is a mistake."""
        return self.name in NAMED


@dataclass(frozen=True, slots=True)
class Passed:
    """The rows that passed a gate, for those set aside the reason by their key, what it says, and its Data Docs."""

    frame: pd.DataFrame
    why: dict[str, str]
    gate: Gate
    docs: str = ""


def data_gate(policy: Policy, name: str) -> DataGate:
    """Return a model's data gate as its policy has it.

    >>> data_gate(Policy(model="nba-win"), "slates").suite
    'nba-win/slates'
    """
    file = str(getattr(policy.gates, name)) if name in NAMED else f"{name}.yaml"
    suite = f"{policy.model}/{file.removesuffix('.yaml')}"
    return DataGate(policy.model, name, suite, name in policy.gates.dry_run)


def passed(frame: pd.DataFrame, answer: Mapping[str, Any], gate: DataGate) -> Passed:
    """Return the rows of a frame that a gate's answer lets pass; raise GateFailed where it says no and counts."""
    if answer["verdict"] == "PASS":
        out = {int(one["row"]) for one in answer["quarantined"]}
        why = {str(one["key"]): str(one["why"]) for one in answer["quarantined"]}
        kept = frame.iloc[[row for row in range(len(frame)) if row not in out]] if out else frame
        said = Gate(gate.shown, Verdict.PASS, f"{len(frame)} rows, {len(out)} set aside")
        return Passed(kept, why, said, str(answer.get("data_docs", "")))
    if not gate.dry_run:
        raise GateFailed(answer["suite"], answer["failed"])
    said = Gate(gate.shown, Verdict.FAIL, told(answer["failed"])).as_dry_run()
    return Passed(frame, {}, said)


def ask(
    platform: Platform,
    gate: DataGate,
    frame: pd.DataFrame,
    context: Mapping[str, object] | None = None,
    documented: bool = False,
) -> Passed:
    """Run a gate's suite, leave its page whatever it says, and return the rows that pass; raise GateFailed.

    A gate that says no, dry or not, is kept in MLflow with its Data Docs before anything stops.
    """
    if not gate.must_be_there and not platform.gates.has(gate.suite):
        note(f"gate {gate.name}: not asked, {gate.model} has no suite {gate.suite}")
        return Passed(frame, {}, Gate(gate.shown, Verdict.PASS, "not asked: the model has no such suite"))
    answer: dict[str, Any] = platform.gates.run(gate.suite, frame, context, documented)
    page = str(answer["markdown"])
    if answer["verdict"] != "PASS":
        again = answer if documented else platform.gates.run(gate.suite, frame, context, documented=True)
        page += f"\n\n{kept(platform, gate, again)}"
    leave_page(key("gate", gate.suite), page)
    found = passed(frame, answer, gate)
    if answer["verdict"] != "PASS":
        warn(f"gate {gate.name}, a dry run, would have stopped here: {told(answer['failed'])}")
    return found


def kept(platform: Platform, gate: DataGate, answer: Mapping[str, Any]) -> str:
    """Keep a gate that said no as an MLflow run with its Data Docs, and return the line that links it."""
    said = {name: value for name, value in answer.items() if name not in ("markdown", "data_docs")}
    files = {"answer.json": canonical(said), "data_docs.html": str(answer["data_docs"])}
    figures = {"rows": float(answer["rows"]), "failed": float(len(answer["failed"]))}
    try:
        name = f"{gate.name} {answer['verdict']}"
        run_id = platform.registry.record_run(f"gates/{gate.model}", name, figures, files)
    except BackendError as error:
        # the gate's own answer must not be lost because the record did not take it
        return f"Its Data Docs could not be kept: {error}"
    return f"Data Docs: {link(platform, run_id)}"


def link(platform: Platform, run_id: str) -> str:
    """Return where a person finds a run's artifacts: a link where MLflow is a server, else the run's id."""
    uri = platform.registry.tracking_uri
    return f"[run {run_id}]({uri}/#/runs/{run_id})" if uri.startswith("http") else f"MLflow run {run_id}"


@step("data gate", shown_as="gate {gate.name}")
def must_pass(
    platform: Platform,
    gate: DataGate,
    frame: pd.DataFrame,
    context: Mapping[str, object] | None = None,
    documented: bool = False,
) -> Passed:
    """Hold a table against its suite; leave the page of the gate, and stop the flow where it fails.

    documented: render the Data Docs of a table that passes too, which takes 0.1 to 0.2 s.
    """
    answer = ask(platform, gate, frame, context, documented)
    for unit, why in answer.why.items():
        warn(f"{gate.suite}: {unit} is set aside: {why}")
    return answer


@step("read what was locked")
def read_locked(platform: Platform, model: str, nights: Sequence[str]) -> dict[str, object]:
    """Return what the gates of some nights may know: the nights, and their games as the slates were locked, if any."""
    import pandas as pd

    if not nights:
        return {}
    slates = platform.store.slates(model, since=min(nights), until=max(nights)).to_dict("records")
    games = [
        {"game_id": game["game_id"], "date": one["slate"], "home": game["home"], "away": game["away"]}
        for one in slates
        if one["slate"] in nights
        for game in one["manifest"]["games"]
    ]
    return {"nights": list(nights), "schedule": pd.DataFrame(games) if games else None}
