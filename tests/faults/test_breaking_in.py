"""Whoever presses what, in whatever order: races, repeats, stale plans, a clock that goes back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from faults.invariants import Seen, broken_always, broken_at_rest, see
from faults.killing import Counter, Killed, in_child
from faults.plans import CHAMPION, PROMOTED, PROMOTION, RETREAT, nights, released
from faults.rehearsal import Stage
from faults.world import Step, World

import tasks.acts
import tasks.records
from blocks.errors import BackendError
from tasks.records import append, head
from tasks.rollout.machine import Draft
from tasks.rollout.refusal import BadInput
from tasks.rollout.stage import EventType, Reason

pytestmark = pytest.mark.slow

Prepare = Callable[..., World]


@pytest.fixture
def prepare(stage: Stage) -> Prepare:
    """Return a function that plays steps on an empty world under a policy."""

    def play(*steps: Step, **policy: object) -> World:
        stage.set(stage.template)
        stage.world.allow(**policy)
        in_child(lambda: [stage.world.perform(step) for step in steps] and None)
        return stage.world

    return play


def told(world: World, *steps: Step) -> list[str]:
    """Do steps in a fresh process and return what each was refused with, empty where it was not."""

    def work() -> list[str]:
        said = []
        for step in steps:
            try:
                world.perform(step)
                said.append("")
            except (BadInput, BackendError) as refusal:
                said.append(str(refusal))
        return said

    return in_child(work)


def dies(world: World, step: Step, write: str, nth: int = 1, when: str = "after") -> None:
    """Do a step in a process that dies at the nth write of a kind."""

    def work() -> None:
        counter = Counter()
        counter.install()
        seen: list[str] = counter.writes

        class Deadly(list[str]):
            def append(self, name: str) -> None:
                super().append(name)
                if self.count(write) == nth and name == write:
                    counter.kill = (len(self), when)  # type: ignore[assignment]

        counter.writes = Deadly(seen)
        world.perform(step)

    with pytest.raises(Killed):
        in_child(work)


def looks(world: World, at: Callable[[Seen], Any]) -> Any:
    """Return something of what stands, read by a fresh process."""
    return in_child(lambda: at(see(world)))


def events(world: World) -> list[list[str]]:
    """Return the types of all events, by rollout."""
    found: list[list[str]] = looks(world, lambda seen: [[e.type.value for e in one.events] for one in seen.rollouts])
    return found


def champion(world: World) -> str:
    """Return the version that serves."""
    return str(looks(world, lambda seen: seen.head.champion))


def test_asking_twice_to_go_back_goes_back_once(prepare: Prepare) -> None:
    world = prepare(*PROMOTED, released("v3", 7))
    assert told(world, Step("rollback", 8)) == [""]
    said = told(world, Step("rollback", 8), Step("rollback", 9, {"by": "bob"}))
    assert all("version 2 serves" in one and "--to 1" in one for one in said)
    assert champion(world) == "2"
    assert told(world, Step("rollback", 9, {"to": "1"})) == [""]
    assert champion(world) == "1"
    assert "was taken out of service" in told(world, Step("rollback", 10))[0]
    assert champion(world) == "1"


def test_a_refused_request_leaves_the_live_rollout_alone(prepare: Prepare) -> None:
    bad = (released("v2", 2), *nights(2, "bad"))
    world = prepare(*CHAMPION, *bad, released("v3", 5))
    assert "quarantined" in told(world, released("v2", 5))[0]
    assert "never been champion" in told(world, Step("rollback", 5, {"to": "2"}))[0]
    assert told(world, released("v1", 5))[0].endswith("is the champion already.")
    assert events(world)[-1] == ["validate", "start"]


def test_the_kill_switch_refuses_a_release_and_leaves_the_live_rollout_alone(prepare: Prepare) -> None:
    world = prepare(*CHAMPION, released("v2", 2), Step("disable", 2))
    assert "switched off" in told(world, released("v3", 3))[0]
    assert events(world)[-1] == ["validate", "start"]
    assert told(world, Step("rollback", 3)) == [""]
    assert champion(world) == "1"


def test_a_quarantine_holds_before_its_tag_is_written(prepare: Prepare) -> None:
    world = prepare(*RETREAT.before)
    dies(world, RETREAT.steps[0], "log_param")
    assert looks(world, lambda seen: seen.quarantined) == set()
    said = told(world, released("v2", 7), Step("rollback", 7, {"to": "2"}))
    assert all("quarantined" in one for one in said)
    assert looks(world, broken_always) == []


def test_a_start_that_died_does_not_bind_the_next_to_its_policy(prepare: Prepare) -> None:
    world = prepare(*CHAMPION)
    dies(world, released("v2", 2), "log_param", nth=3)
    assert len(events(world)) == 1
    world.allow(approval={"before": [25]})
    assert told(world, released("v2", 3)) == [""]
    assert looks(world, lambda seen: seen.head.plan.policy.approval.before) == (25,)
    assert looks(world, broken_at_rest) == []


def test_a_start_that_died_is_completed_under_its_own_run(prepare: Prepare) -> None:
    world = prepare(*CHAMPION)
    dies(world, released("v2", 2), "log_param", nth=1)
    assert told(world, released("v2", 3)) == [""]
    params = in_child(lambda: world.platform.registry.run_params(_run(world)))
    assert (params["from"], params["to"]) == ("1", "2")


def _run(world: World) -> str:
    rollout = head(world.platform.registry, world.model)
    assert rollout is not None
    return rollout.run_id


def _first_somebody_else(module: Any, world: World, draft: Draft) -> None:
    """Have another writer append a draft just before this process appends anything."""
    ours = module.append

    def late(registry: Any, rollout: Any, *rest: Any) -> Any:
        module.append = ours
        append(registry, rollout, draft, rest[1], "somebody faster")
        return ours(registry, rollout, *rest)

    module.append = late


def test_a_bake_that_ends_during_a_rollback_is_rolled_back_all_the_same(prepare: Prepare) -> None:
    world = prepare(*PROMOTION.before, *PROMOTION.steps)

    def race() -> None:
        _first_somebody_else(tasks.acts, world, Draft(EventType.FINISH, "the bake is over"))
        world.perform(Step("rollback", 6))

    in_child(race)
    assert champion(world) == "1"
    assert events(world)[-2:] == [["validate", "start", "advance", "promote", "finish"], ["restore"]]
    assert looks(world, broken_at_rest) == []


def test_a_promotion_that_is_faster_than_a_supersede_stands(prepare: Prepare) -> None:
    world = prepare(*PROMOTION.before)

    def race() -> str:
        _first_somebody_else(tasks.records, world, Draft(EventType.PROMOTE, "proven", evidence=None))
        try:
            world.perform(released("v3", 5))
        except BackendError as refusal:
            return str(refusal)
        return ""

    assert "in its bake" in in_child(race)
    assert champion(world) == "2"
    assert events(world)[-1][-1] == "promote"


def test_a_rollback_during_a_first_rollout_is_refused_and_the_next_tick_ends_it(prepare: Prepare) -> None:
    world = prepare()
    dies(world, CHAMPION[0], "log_param", nth=7)
    assert events(world) == [["validate", "start", "promote"]]
    assert "nothing to go back to" in told(world, Step("rollback", 1))[0]
    told(world, Step("tick", 2))
    assert events(world) == [["validate", "start", "promote", "finish"]]
    assert looks(world, broken_at_rest) == []


def waiting(prepare: Prepare) -> World:
    """Return a world whose first step up waits for a person."""
    return prepare(*CHAMPION, released("v2", 2), *nights(2, "good"), approval={"before": [25], "expires_hours": 2})


def test_an_approval_given_twice_is_one(prepare: Prepare) -> None:
    world = waiting(prepare)
    dies(world, Step("approve", 3, {"step": 0}), "log_param", nth=1)
    assert told(world, Step("approve", 3, {"step": 0})) == [""]
    assert events(world)[-1] == ["validate", "start", "hold", "approve", "advance"]


def test_an_approval_cannot_be_replayed_for_the_next_step_or_too_late(prepare: Prepare) -> None:
    world = waiting(prepare)
    assert "no step waits" not in told(world, Step("approve", 3, {"step": 1}))[0]
    assert events(world)[-1] == ["validate", "start", "hold"]
    dies(world, Step("approve", 3, {"step": 0}), "log_param", nth=1)
    told(world, Step("tick", 4))
    assert events(world)[-1] == ["validate", "start", "hold", "approve"]
    assert looks(world, broken_always) == []


def test_a_clock_that_goes_back_revives_no_approval_and_moves_nothing(prepare: Prepare) -> None:
    world = waiting(prepare)
    dies(world, Step("approve", 3, {"step": 0}), "log_param", nth=1)
    told(world, Step("hold", 4), Step("resume", 4))
    before = events(world)
    told(world, Step("tick", 3), Step("tick", 2))
    assert events(world) == before
    assert looks(world, broken_always) == []


def test_results_that_are_not_in_yet_at_a_time_gone_by_do_not_count(prepare: Prepare) -> None:
    world = prepare(*PROMOTION.before)
    told(world, Step("tick", 3))
    assert events(world)[-1] == ["validate", "start", "advance"]


def test_an_alias_that_vanished_or_was_moved_is_put_back(prepare: Prepare) -> None:
    world = prepare(*PROMOTED, released("v3", 7))

    def meddle() -> None:
        registry = world.platform.registry
        for alias, version in (("champion", None), ("fallback", "3"), ("challenger", "1")):
            registry.set_alias(world.model, alias, version)

    in_child(meddle)
    told(world, Step("tick", 8))
    assert looks(world, broken_at_rest) == []


def test_a_restore_of_a_version_that_is_gone_is_refused_before_anything_is_ended(prepare: Prepare) -> None:
    world = prepare(*PROMOTED, released("v3", 7))

    def forget() -> None:
        from blocks.log.client import client

        client(world.tracking_uri).delete_registered_model_alias(world.model, "fallback")
        client(world.tracking_uri).delete_model_version(world.model, "1")

    in_child(forget)
    assert "not in the registry" in told(world, Step("rollback", 8, {"to": "1"}))[0]
    assert events(world)[-1] == ["validate", "start"]


def test_a_restore_chosen_while_another_is_written_is_not_done_twice(prepare: Prepare) -> None:
    world = prepare(*PROMOTED)
    dies(world, Step("rollback", 7), "log_param", nth=5)
    assert events(world)[-1] == ["restore"]
    told(world, Step("tick", 7))
    assert told(world, Step("rollback", 8, {"to": "1"})) == [""]
    assert events(world)[-1] == ["restore"]
    assert len(events(world)) == 3
    assert looks(world, broken_at_rest) == []


def test_a_failed_rollback_by_hand_quarantines_nothing(prepare: Prepare) -> None:
    world = prepare(*CHAMPION, released("v2", 2), Step("rollback", 3))
    assert looks(world, lambda seen: seen.head.reason) is Reason.ABORTED
    assert looks(world, lambda seen: seen.quarantined) == set()
    assert told(world, released("v2", 4)) == [""]
    assert events(world)[-1] == ["validate", "start"]
