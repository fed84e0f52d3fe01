"""Several processes at once: nothing is a lock, and nothing needs one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from faults.ending import ending
from faults.invariants import broken_always, broken_at_rest, see
from faults.killing import Counter, Killed, Point, in_child, start
from faults.plans import CHAMPION, PLANS, Plan, released
from faults.rehearsal import Rehearsal, Stage, differences, spread
from faults.world import Step, World

from blocks.errors import Conflict, Unavailable

AT_ONCE = 3


def _again(world: World, step: Step, late: timedelta = timedelta()) -> None:
    """Do a step as a retried task does: asked again while a system says that asking again may help."""
    for _ in range(20):
        try:
            world.perform(step, late)
        except (Unavailable, Conflict):
            continue
        return
    raise AssertionError(f"{step} never came through")


def _at_once(works: list[Callable[[], None]]) -> int:
    """Do works in processes at the same time and return how many were killed."""
    killed = 0
    for child in [start(work) for work in works]:
        try:
            child.result()
        except Killed:
            killed += 1
    return killed


def _set(stage: Stage, plan: Plan) -> World:
    stage.set(stage.template)
    stage.world.allow(**plan.policy)
    in_child(lambda: [stage.world.perform(step) for step in plan.before] and None)
    return stage.world


def _end(world: World) -> tuple[dict[str, object], list[str]]:
    seen = see(world)
    return ending(seen), broken_at_rest(seen)


@pytest.mark.slow
@pytest.mark.whole
@pytest.mark.parametrize("name", ["all pass", "fails in the bake"])
def test_three_tickers_at_once_end_as_one_does(name: str, stage: Stage) -> None:
    plan = PLANS[name]
    alone = Rehearsal(stage, plan).unkilled().end
    world = _set(stage, plan)
    for step in plan.steps:
        several = AT_ONCE if step.name == "tick" else 1
        _at_once([lambda late=late, step=step: _again(world, step, timedelta(seconds=late)) for late in range(several)])  # type: ignore[misc]
        assert in_child(lambda: broken_always(see(world))) == []
    end, broken = in_child(lambda: _end(world))
    assert broken == []
    assert differences(alone, end) == []


@pytest.mark.slow
def test_three_starts_of_one_version_at_once_are_one_rollout(stage: Stage) -> None:
    plan = Plan(CHAMPION, (released("v2", 2), Step("tick", 3)))
    alone = Rehearsal(stage, plan).unkilled().end
    world = _set(stage, plan)
    _at_once([lambda late=late: _again(world, plan.steps[0], timedelta(seconds=late)) for late in range(AT_ONCE)])  # type: ignore[misc]
    in_child(lambda: world.perform(plan.steps[1]))
    end, broken = in_child(lambda: _end(world))
    assert broken == []
    assert differences(alone, end) == []


@pytest.mark.slow
def test_three_versions_started_at_once_leave_one_live(stage: Stage) -> None:
    world = _set(stage, Plan(CHAMPION, ()))
    _at_once([lambda label=label: _again(world, released(label, 2)) for label in ("v2", "v3", "v4")])  # type: ignore[misc]
    in_child(lambda: world.perform(Step("tick", 3)))
    assert in_child(lambda: broken_at_rest(see(world))) == []
    stages = in_child(lambda: [one.stage.value for one in see(world).rollouts])
    # one that was told to ask again may find its rollout superseded, and ask anew: the newest request is the live one
    first, *earlier, live = stages
    assert (first, set(earlier), live) == ("PROMOTED", {"SUPERSEDED"}, "SHADOW")
    assert len(earlier) >= 2


def _one_dies_among_three(stage: Stage, most: int) -> None:
    plan = Plan(CHAMPION, (released("v2", 2), Step("tick", 3)))
    rehearsal = Rehearsal(stage, plan).unkilled()
    starting = [point for point in rehearsal.points() if point.step == 0]
    bent = [said for point in spread(starting, most) if (said := _bent_by(point, rehearsal))]
    assert not bent


def _bent_by(point: Point, rehearsal: Rehearsal) -> list[str]:
    """Start three at once, of which one dies; return what is not as it should be."""
    stage, (first, tick) = rehearsal.stage, rehearsal.steps
    world = stage.world
    stage.set(rehearsal.scenes[0])

    def dying() -> None:
        Counter((point.number, point.when)).install()
        _again(world, first)

    _at_once([dying, *[lambda: _again(world, first, timedelta(seconds=1))] * (AT_ONCE - 1)])
    left = in_child(lambda: broken_always(see(world)))
    in_child(lambda: world.perform(tick))
    end, broken = in_child(lambda: _end(world))
    found = left + broken + differences(rehearsal.end, end)
    return [str(point), *found] if found else []


@pytest.mark.slow
def test_one_of_three_starts_dies_and_the_others_go_on(stage: Stage) -> None:
    _one_dies_among_three(stage, 1)


@pytest.mark.slow
@pytest.mark.whole
def test_one_of_three_starts_dies_at_any_write_and_the_others_go_on(stage: Stage) -> None:
    _one_dies_among_three(stage, 1000)
