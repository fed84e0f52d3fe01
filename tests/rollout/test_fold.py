"""The fold: it ignores nothing, and whatever happens the safe things stay true."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from building_rollouts import NOW, after, go, plan
from hypothesis import given
from hypothesis import strategies as st

from blocks.serving.router import arm_of
from tasks.rollout.event import event_from_text
from tasks.rollout.fold import Rollout, apply, fold
from tasks.rollout.machine import Draft, write
from tasks.rollout.plan import Plan, plan_from_text
from tasks.rollout.projection import SetAlias, alias_writes
from tasks.rollout.refusal import BadInput
from tasks.rollout.stage import FLIPPED, EventType

STRATEGIES = st.sampled_from(["canary", "blue_green", "shadow", "ab", "ab of 3"])
PATHS = st.lists(st.sampled_from(list(EventType)), max_size=14)


def plan_of(strategy: str, first: bool) -> Plan:
    """Return a plan; a test between several is spelled `ab of 3`."""
    if strategy == "ab of 3" and not first:
        return plan(strategy="ab", arms={"1": 70, "2": 20, "3": 10}, rivals=("3",))
    return plan(first=first, strategy=strategy.removesuffix(" of 3"))


def walk(strategy: str, first: bool, path: list[EventType]) -> list[Rollout]:
    """Return every state on a path; events that the machine refuses are left out."""
    states = [Rollout("r", plan_of(strategy, first))]
    for kind in path:
        draft: dict[str, object] = {}
        if kind is EventType.HOLD:
            draft["held"] = "manual"
        if kind in (EventType.ROLLBACK, EventType.ABORT):
            draft["reason"] = "failed"
        if kind is EventType.APPROVE:
            draft["detail"] = {"step": 0, "plan": "p", "expires": NOW.isoformat()}
        if kind is EventType.DROP:
            draft["detail"] = {"arm": "3"}
        if kind is EventType.PROMOTE and states[-1].plan.rivals:
            draft["detail"] = {"winner": states[-1].standing[-1]}
        try:
            states.append(go(states[-1], kind, **draft))
        except BadInput:
            continue
    return states


@given(STRATEGIES, st.booleans(), PATHS)
def test_the_fold_of_the_texts_is_the_state(strategy: str, first: bool, path: list[EventType]) -> None:
    state = walk(strategy, first, path)[-1]
    texts = [event.to_text() for event in state.events]
    assert fold("r", plan_from_text(state.plan.to_text()), map(event_from_text, texts)) == state


@given(STRATEGIES, PATHS)
def test_weights_rise_until_the_retreat_and_then_are_gone(strategy: str, path: list[EventType]) -> None:
    states = walk(strategy, False, path)
    for before, now in itertools.pairwise(states):
        if now.live or now.stage in FLIPPED:
            assert now.weight >= before.weight or now.dropped != before.dropped
        else:
            assert now.weight == 0


@given(STRATEGIES, PATHS)
def test_weight_implies_that_the_gates_passed(strategy: str, path: list[EventType]) -> None:
    for state in walk(strategy, False, path):
        if state.weight:
            assert EventType.VALIDATE in {event.type for event in state.events}


@given(STRATEGIES, PATHS, st.text(min_size=1, max_size=12))
def test_after_a_retreat_every_key_resolves_to_the_old_champion(strategy: str, path: list[EventType], key: str) -> None:
    state = walk(strategy, False, path)[-1]
    if not state.live and state.stage not in FLIPPED:
        assert arm_of(state.routes.to_dict(), key)["version"] == "1"


@given(st.text(min_size=1, max_size=12))
def test_a_key_that_saw_the_challenger_goes_on_seeing_it(key: str) -> None:
    steps = [after(plan(), EventType.VALIDATE, EventType.START, *[EventType.ADVANCE] * n) for n in (1, 2, 3)]
    saw = [arm_of(state.routes.to_dict(), key)["version"] == "2" for state in steps]
    assert saw == sorted(saw)


@given(STRATEGIES, st.booleans(), PATHS)
def test_champion_and_fallback_are_never_the_same(strategy: str, first: bool, path: list[EventType]) -> None:
    for state in walk(strategy, first, path):
        named = {write.alias: write.version for write in alias_writes(state)}
        if named.get("champion"):
            assert named["champion"] != named["fallback"]


def test_promotion_sets_the_way_back_first_and_a_retreat_the_champion_first() -> None:
    promoted = after(plan(), EventType.VALIDATE, EventType.START, *[EventType.ADVANCE] * 3, EventType.PROMOTE)
    assert alias_writes(promoted) == (
        SetAlias("fallback", "1"),
        SetAlias("champion", "2"),
        SetAlias("challenger", None),
    )
    back = go(promoted, EventType.ROLLBACK, reason="failed")
    assert alias_writes(back) == (SetAlias("champion", "1"), SetAlias("fallback", None), SetAlias("challenger", None))


class TestTampering:
    """A changed record does not fold."""

    def rollout(self) -> Rollout:
        return after(plan(), EventType.VALIDATE, EventType.START, EventType.ADVANCE)

    def test_a_changed_event_breaks_the_chain(self) -> None:
        events = list(self.rollout().events)
        events[1] = replace(events[1], why="something else")
        with pytest.raises(BadInput, match="changed after it was written"):
            fold("r", plan(), events)

    def test_a_missing_event_is_a_gap(self) -> None:
        events = list(self.rollout().events)
        with pytest.raises(BadInput, match="gap"):
            fold("r", plan(), [events[0], events[2]])

    def test_a_changed_plan_breaks_the_chain(self) -> None:
        with pytest.raises(BadInput, match="changed after it was written"):
            fold("r", plan(margin=0.5), self.rollout().events)

    def test_an_event_with_other_routes_is_refused(self) -> None:
        rollout = self.rollout()
        event = write(rollout, Draft(EventType.ADVANCE, "up"), NOW, "me")
        with pytest.raises(BadInput, match="routes"):
            apply(rollout, replace(event, weight=90))


def test_a_long_reason_is_refused_before_it_is_cut() -> None:
    rollout = after(plan(), EventType.VALIDATE)
    with pytest.raises(BadInput, match="characters"):
        write(rollout, Draft(EventType.START, "x" * 6000), NOW, "me").to_text()


def test_events_that_differ_in_time_and_author_say_the_same() -> None:
    rollout = after(plan(), EventType.VALIDATE)
    mine = write(rollout, Draft(EventType.START, "up"), NOW, "me")
    assert mine.says_the_same_as(replace(mine, at="later", by="you", prev="other"))
    assert not mine.says_the_same_as(replace(mine, why="other"))
