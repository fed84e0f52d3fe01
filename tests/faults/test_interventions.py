"""What people do to a rollout, by the bodies of the real flows: each act is an event, or is refused."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from faults.killing import Failed, in_child
from faults.plans import CHAMPION, PLANS, nights, released
from faults.rehearsal import Stage
from faults.world import Step, World
from plainly import plainly

from flows.intervene import intervene
from tasks.acts import Act, answer
from tasks.operations import standing
from tasks.records import every, head
from tasks.rollout.fold import Rollout

pytestmark = pytest.mark.slow
SERVING = (*CHAMPION, released("v2", 2), *nights(2, "good"))
THREE = PLANS["test of three"]


def _played(stage: Stage, *steps: Step, **policy: object) -> World:
    stage.set(stage.template)
    stage.world.allow(**policy)
    in_child(lambda: [stage.world.perform(step) for step in steps] and None)
    return stage.world


def _newest(world: World) -> Rollout:
    found = head(world.platform.registry, world.model)
    assert found is not None
    return found


def _act(world: World, action: str, day: int, **more: Any) -> Rollout:
    step = Step("tick", day)
    plainly(intervene, world.platform)(action, "ann", "I looked", world.model, now=step.at, **more)
    return _newest(world)


def test_an_emergency_leaves_its_mark_and_is_baked(stage: Stage) -> None:
    world = _played(stage, *SERVING)
    rollout = in_child(lambda: _act(world, "promote_now", 4))
    assert (rollout.stage, rollout.champion) == ("BAKING", "2")
    assert [event.type for event in rollout.events][-1] == "emergency"
    assert "without proof" in rollout.events[-1].why


def test_a_freeze_stops_steps_up_until_it_ends(stage: Stage) -> None:
    world = _played(stage, *SERVING[:-1])
    until = Step("tick", 3).at + timedelta(hours=2)
    frozen = in_child(lambda: _act(world, "freeze", 3, until=until))
    assert (frozen.stage, frozen.held) == ("SHADOW", "frozen")
    freed = in_child(lambda: _act(world, "unfreeze", 3))
    assert freed.stage == "CANARY"
    with pytest.raises(Failed, match="timezone"):
        in_child(lambda: _act(world, "freeze", 3))


def test_a_version_that_serves_cannot_be_retired_and_a_retired_one_not_released(stage: Stage) -> None:
    world = _played(stage, *SERVING)
    for version in ("1", "2"):
        with pytest.raises(Failed, match="cannot be retired"):
            in_child(lambda version=version: _act(world, "retire", 4, version=version))  # type: ignore[misc]
    in_child(lambda: _act(world, "abort", 4))
    in_child(lambda: _act(world, "retire", 5, version="2"))
    assert in_child(lambda: standing(world.platform.registry, world.model)).retired == {"2"}
    with pytest.raises(Failed, match="is retired"):
        in_child(lambda: world.perform(released("v2", 6)))


def test_a_test_of_three_drops_the_bad_arm_and_names_the_winner(stage: Stage) -> None:
    world = _played(stage, *THREE.before, *THREE.steps, **THREE.policy)
    rollout = in_child(lambda: _newest(world))
    kinds = [event.type.value for event in rollout.events]
    assert kinds[:4] == ["validate", "start", "advance", "drop"]
    assert "promote" in kinds
    assert (rollout.dropped, rollout.winner, rollout.champion) == (("3",), "2", "2")
    assert rollout.plan.arms == {"1": 70, "2": 20, "3": 10}
    figures: Any = next(event for event in rollout.events if event.type == "drop").detail["arms"]
    assert {version: arm["verdict"] for version, arm in figures.items()} == {"2": "WAIT", "3": "FAIL"}


def test_arms_that_leave_out_the_champion_or_name_nobody_open_no_rollout(stage: Stage) -> None:
    for arms, said in (({"2": 90, "3": 10}, "the champion is 1"), ({"1": 70, "2": 20, "9": 10}, "no version 9")):
        world = _played(stage, *THREE.before, strategy="ab", arms=arms)
        with pytest.raises(Failed, match=said):
            in_child(lambda world=world: world.perform(released("v2", 2)))  # type: ignore[misc]
        assert in_child(lambda world=world: len(every(world.platform.registry, world.model))) == 1  # type: ignore[misc]


def test_a_correction_after_the_end_is_told_once_and_changes_nothing(stage: Stage) -> None:
    plan = PLANS["fails in shadow"]
    world = _played(stage, *plan.before, *plan.steps)
    before = in_child(lambda: _newest(world))
    assert before.stage == "ROLLED_BACK"

    def corrected() -> Rollout:
        world.perform(Step("results", 3, {"wins": 9}), timedelta(days=1))
        for day in (5, 6):
            world.perform(Step("tick", day))
        return _newest(world)

    after = in_child(corrected)
    assert [event.type.value for event in after.events[len(before.events) :]] == ["restated"]
    assert (after.stage, after.reason, after.quarantined) == (before.stage, before.reason, before.quarantined)
    assert "corrected after the verdict" in after.events[-1].why


def test_a_rollout_without_exposure_ends_in_a_report_on_the_run(stage: Stage) -> None:
    steps = (*CHAMPION, released("v2", 2), *nights(2, "good", "good", "good", "good"))
    world = _played(stage, *steps, strategy="shadow", n_max=40)

    def told() -> tuple[Rollout, str, dict[str, str]]:
        rollout, registry = _newest(world), world.platform.registry
        return rollout, registry.run_text(rollout.run_id, "report.md"), registry.aliases(world.model)

    rollout, report, aliases = in_child(told)
    assert (rollout.stage, rollout.weight, rollout.events[-1].type) == ("REPORTED", 0, "report")
    assert {event.weight for event in rollout.events} == {0}
    for said in ("| n | ", "| mean difference | 0.0200 |", "| 95th percentile |", "| largest difference | 0.0200 |"):
        assert said in report
    assert "| latency difference | no request was scored by both |" in report
    assert report.count("| 0.600 | 0.620 | 0.020 |") == 20
    assert aliases == {"champion": "1"}


def test_an_act_that_is_asked_for_again_is_not_written_again(stage: Stage) -> None:
    """A person who saw no answer asks again; another reason is another act."""
    world = _played(stage, *SERVING)
    held = [in_child(lambda: _act(world, "hold", 4)) for _ in range(2)]
    assert held[0].events == held[1].events
    at = Step("tick", 4).at
    in_child(lambda: plainly(intervene, world.platform)("hold", "bea", "me too", world.model, now=at) and None)
    assert [(event.type, event.by) for event in _newest(world).events][-2:] == [("hold", "ann"), ("hold", "bea")]


def test_a_no_that_is_said_again_is_one_no(stage: Stage) -> None:
    """As after a kill between the no and the tick that acts on it."""
    plan = PLANS["declined"]
    world = _played(stage, *plan.before, *plan.steps[:-2], **plan.policy)
    no = Act(world.model, "ann", plan.steps[-2].at, "odd forecasts")
    said = [in_child(lambda: answer.fn(world.platform, 0, False, no)) for _ in range(2)]
    assert said[0].events[-1].type == "decline"
    assert said[1].events == said[0].events
