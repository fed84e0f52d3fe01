"""The main job through the installed command, and what it leaves to be asked about afterwards."""

from __future__ import annotations

import json
import re
import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import pytest
from prefect import Flow, Task

from blocks.registry import Registry
from deployments.stack.home import Home
from flows.canary_promote import canary_promote
from flows.monitor_and_alert import monitor_and_alert
from flows.register import register
from flows.release import release
from flows.retrain import retrain
from flows.score_slate import score_slate
from flows.settle import settle
from flows.stage_validate import stage_validate
from tasks.evidence import ledger_of
from tasks.judgement.judge import judge
from tasks.records import every
from tasks.rollout.fold import Rollout
from tasks.rollout.projection import alias_writes
from tasks.rollout.stage import EventType, Stage
from tests.stories.running import Told, alive_in, listened_to

pytestmark = pytest.mark.slow

FLOWS = (canary_promote, monitor_and_alert, register, release, retrain, score_slate, settle, stage_validate)


@dataclass(frozen=True, slots=True)
class Run:
    """A flow run as Prefect's database has it, with the names of its task runs."""

    flow: str
    name: str
    state: str
    parameters: dict[str, Any]
    tasks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Demo:
    """One demo that has ended: where, what it told, and the answer on stdout."""

    home: Home
    told: Told
    answer: dict[str, Any]

    @property
    def registry(self) -> Registry:
        """The record, read without a server."""
        return Registry(tracking_uri=self.home.tracking_database)

    @property
    def rollouts(self) -> list[Rollout]:
        """Every rollout of the demo, oldest first."""
        return every(self.registry, self.answer["model"])

    def prefect(self, question: str) -> list[tuple[Any, ...]]:
        """Ask Prefect's database."""
        with closing(sqlite3.connect(self.home.prefect / "prefect.db")) as database:
            return database.execute(question).fetchall()

    def runs(self) -> Iterator[Run]:
        """Return every flow run in the order of their starts."""
        tasks: dict[str, list[str]] = {}
        for run, name in self.prefect("SELECT flow_run_id, name FROM task_run ORDER BY start_time"):
            tasks.setdefault(run, []).append(name)
        asked = (
            "SELECT r.id, f.name, r.name, r.state_type, r.parameters FROM flow_run r JOIN flow f ON f.id = r.flow_id"
        )
        for run, flow, name, state, parameters in self.prefect(f"{asked} ORDER BY r.start_time"):
            yield Run(flow, name, state, json.loads(parameters), tuple(tasks.get(run, ())))


@dataclass(frozen=True, slots=True)
class Interrupted:
    """A demo that was ended by Ctrl-C once the first version was in training, and what was left of it."""

    home: Home
    told: Told
    alive: list[str]
    recorded: bool


@pytest.fixture(scope="module")
def interrupted(tmp_path_factory: pytest.TempPathFactory) -> Interrupted:
    home = Home.at(tmp_path_factory.mktemp("demo") / "home")
    told = listened_to("demo", "--home", home.root, stop_at="train on past seasons", number=signal.SIGINT)
    return Interrupted(home, told, alive_in(home.root), home.record_path.exists())


@pytest.fixture(scope="module")
def demo(interrupted: Interrupted) -> Demo:
    """Play a whole demo, the second one in its home."""
    home = interrupted.home
    told = listened_to("demo", "--json", "--home", home.root)
    assert told.status == 0, told.stderr[-3000:]
    return Demo(home, told, json.loads(told.stdout))


def test_ctrl_c_leaves_no_process_and_no_record_of_a_stack(interrupted: Interrupted) -> None:
    assert interrupted.told.status == 130, interrupted.told.stderr
    assert interrupted.told.stderr.rstrip().endswith("stopped by Ctrl-C.")
    assert not interrupted.alive
    assert not interrupted.recorded


def test_a_second_demo_in_the_home_keeps_what_the_first_has_left(demo: Demo) -> None:
    [earlier] = (demo.home.root / "earlier").iterdir()
    assert (earlier / "mlflow.db").exists()


def test_the_answer_is_one_object_of_the_documented_shape(demo: Demo) -> None:
    assert demo.told.stdout.count("\n") == 1
    wanted = {"model", "champion", "rollouts", "slate", "alerts", "urls", "seconds"}
    assert wanted <= demo.answer.keys()
    row = {"challenger", "stage", "reason", "nights", "games", "games_served_by_challenger"}
    assert all(row <= one.keys() for one in demo.answer["rollouts"])
    assert {"prefect", "mlflow", "gateway"} == demo.answer["urls"].keys()


def test_it_says_at_once_that_it_works_and_ends_in_minutes(
    demo: Demo, record_testsuite_property: Callable[[str, object], None]
) -> None:
    """The bounds are generous: how fast it is on an idle machine is measured, not tested."""
    record_testsuite_property("first line after seconds", round(demo.told.said[0][0], 2))
    record_testsuite_property("answered after seconds", demo.answer["seconds"])
    record_testsuite_property("ended after seconds", round(demo.told.seconds, 1))
    assert demo.told.said[0][0] < 30
    assert demo.told.seconds < 900
    assert demo.told.seconds - demo.answer["seconds"] < 30, "the end waits for a server that is gone"


def test_one_challenger_is_promoted_and_one_is_rolled_back_after_the_guard_held_it(demo: Demo) -> None:
    assert [one["stage"] for one in demo.answer["rollouts"]] == ["PROMOTED", "ROLLED_BACK"]
    good, bad = demo.rollouts[1:]
    assert demo.answer["champion"] == good.plan.to_version
    holds = [event for event in bad.events if event.type is EventType.HOLD]
    assert str(holds[0].held) == "guard"
    assert not [event for event in good.events if event.type is EventType.HOLD]
    assert demo.answer["rollouts"][1]["games_served_by_challenger"] <= 2


def test_at_least_thirty_nights_are_played_and_tonight_is_scored(demo: Demo) -> None:
    nights = {run.parameters["date"] for run in demo.runs() if run.flow == "score-slate"}
    assert len(nights) > 30
    assert demo.answer["slate"]["date"] == max(nights)
    assert demo.answer["slate"]["games"] > 0


def test_moved_inputs_raise_an_alert_and_no_rollback(demo: Demo) -> None:
    assert "feature_drift" in {alert["type"] for alert in demo.answer["alerts"]}
    assert [one.plan.to_version for one in demo.rollouts if one.stage is Stage.ROLLED_BACK] == ["3"]
    assert not [run for run in demo.runs() if run.flow == "rollback"]
    assert len(demo.rollouts) == 3


def test_every_decision_is_in_the_record_and_can_be_judged_again(demo: Demo) -> None:
    judged = 0
    for rollout in demo.rollouts:
        assert rollout.stage in {Stage.PROMOTED, Stage.ROLLED_BACK}
        for event in rollout.events:
            assert event.why
            if not event.evidence or event.n < 3:
                continue
            ledger, rule = ledger_of(next(demo.home.artifacts.rglob(f"{event.evidence}.json")).read_text())
            looks = judge(ledger, rule).looks
            assert looks[-1].n == event.detail.get("n", looks[-1].n)
            judged += 1
    assert judged >= 4


def test_the_aliases_are_as_the_log_says(demo: Demo) -> None:
    said = {write.alias: write.version for write in alias_writes(demo.rollouts[-1]) if write.version}
    assert demo.registry.aliases(demo.answer["model"]) == said


def test_no_process_is_left(demo: Demo) -> None:
    assert not alive_in(demo.home.root)
    assert not demo.home.record_path.exists()


def test_every_flow_run_has_a_readable_name_and_parameters(demo: Demo) -> None:
    runs = list(demo.runs())
    assert {run.flow for run in runs} == {flow.name for flow in FLOWS}
    assert {run.state for run in runs} == {"COMPLETED"}
    for run in runs:
        assert run.parameters["model"] == "nba-win"
        assert "nba-win" in run.name


def test_every_step_is_a_task_run_inside_a_flow_run(demo: Demo) -> None:
    """The steps are those that the flow's own body names."""
    assert demo.prefect("SELECT count(*) FROM task_run WHERE flow_run_id IS NULL") == [(0,)]
    assert {state for (state,) in demo.prefect("SELECT DISTINCT state_type FROM task_run")} == {"COMPLETED"}
    for run in demo.runs():
        flow = next(one for one in FLOWS if one.name == run.flow)
        missing = {step.name for step in steps_of(flow) if not any(ran(step, name) for name in run.tasks)}
        assert missing <= OFF_THE_WAY, (run.name, missing)


OFF_THE_WAY = frozenset({"find the games that are due", "see what stands", "hold the slate"})
"""Steps of a night without a date, without games or with bad ones; the demo's nights have a date and good games."""


def steps_of(flow: Flow[..., Any]) -> list[Task[..., Any]]:
    """Return the tasks that a flow's body calls."""
    values = (flow.fn.__globals__.get(name) for name in flow.fn.__code__.co_names)
    return [value for value in values if isinstance(value, Task)]


def ran(step: Task[..., Any], shown: str) -> bool:
    """Return whether a run of a task is shown under a name; what stands in braces is filled in by the run."""
    template = re.escape(str(step.task_run_name))
    return re.fullmatch(re.sub(r"\\{.*?\\}", ".+", template), shown) is not None
