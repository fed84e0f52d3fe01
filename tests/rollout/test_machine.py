"""The machine: every event it may write, and every one it must refuse."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from building_rollouts import NOW, after, failed, go, plan

from tasks.rollout.fold import Rollout
from tasks.rollout.look import Look
from tasks.rollout.machine import Draft, decide, decide_opening
from tasks.rollout.refusal import BadInput
from tasks.rollout.stage import EventType, Held, Reason, Stage
from tasks.rollout.verdict import Verdict

UP_TO_SHADOW = (EventType.VALIDATE, EventType.START)
NIGHTS = ("2019-01-01", "2019-01-02", "2019-01-03", "2019-01-04")


def kind(rollout: Rollout, look: Look, now: datetime = NOW) -> EventType | None:
    draft = decide(rollout, look, now)
    return draft.type if draft else None


def shadow(**policy: object) -> Rollout:
    return after(plan(**policy), *UP_TO_SHADOW)


def canary(step: int = 0, **policy: object) -> Rollout:
    rollout = shadow(**policy)
    for night in range(step + 1):
        rollout = go(rollout, EventType.ADVANCE, night=NIGHTS[night])
    return rollout


def baking() -> Rollout:
    return go(canary(2), EventType.PROMOTE, night=NIGHTS[3])


def test_a_validated_version_starts_and_a_refused_one_never_serves() -> None:
    opened = Rollout("r", plan())
    assert decide_opening(opened) == Draft(
        EventType.VALIDATE, "all gates passed", evidence="e" * 64, detail={"run": "run"}
    )
    refused = Rollout("r", failed(plan()))
    draft = decide_opening(refused)
    assert draft is not None
    assert draft.type is EventType.REJECT
    assert go(refused, EventType.REJECT).stage is Stage.REJECTED
    assert not go(refused, EventType.REJECT).live


def test_a_first_version_is_promoted_without_a_look() -> None:
    rollout, seen = Rollout("r", plan(first=True)), []
    while (draft := decide_opening(rollout)) is not None:
        seen.append(draft.type)
        rollout = go(rollout, draft.type)
    assert seen == [EventType.VALIDATE, EventType.START, EventType.PROMOTE, EventType.FINISH]
    assert rollout.stage is Stage.PROMOTED
    assert rollout.champion == "2"


def test_shadow_ends_after_its_nights_and_not_before() -> None:
    assert kind(shadow(), Look(Verdict.WAIT, "", closed=())) is None
    assert kind(shadow(), Look(Verdict.WAIT, "", closed=NIGHTS[:1])) is EventType.ADVANCE
    assert kind(shadow(shadow_nights=2), Look(Verdict.WAIT, "", closed=NIGHTS[:1])) is None


def test_one_closed_night_allows_one_step() -> None:
    ready = Look(Verdict.PASS, "", rung=3, closed=NIGHTS[:1])
    assert kind(canary(0), ready) is None
    assert kind(canary(0), replace(ready, closed=NIGHTS[:2])) is EventType.ADVANCE


def test_a_step_needs_its_rung() -> None:
    look = Look(Verdict.WAIT, "", rung=1, closed=NIGHTS)
    assert kind(canary(0), look) is EventType.ADVANCE
    assert kind(canary(1), look) is None


def test_only_a_pass_promotes() -> None:
    earned = Look(Verdict.WAIT, "", rung=3, closed=NIGHTS)
    assert kind(canary(2), earned) is None
    assert kind(canary(2), replace(earned, verdict=Verdict.PASS)) is EventType.PROMOTE


def test_the_bake_ends_after_its_nights() -> None:
    closed = (*NIGHTS, "2019-01-05", "2019-01-06")
    assert kind(baking(), Look(Verdict.PASS, "", rung=3, closed=closed)) is None
    assert kind(baking(), Look(Verdict.PASS, "", rung=3, closed=(*closed, "2019-01-07"))) is EventType.FINISH


@pytest.mark.parametrize("rollout", [shadow(), canary(1), baking(), go(canary(0), EventType.HOLD, held="guard")])
def test_harm_ends_every_serving_stage_also_when_held(rollout: Rollout) -> None:
    draft = decide(rollout, Look(Verdict.FAIL, "harm", closed=NIGHTS), NOW)
    assert draft is not None
    assert (draft.type, draft.reason) == (EventType.ROLLBACK, Reason.FAILED)
    assert go(rollout, EventType.ROLLBACK, reason="failed").routes.arms[-1].version == "1"


def test_restated_evidence_ends_the_bake() -> None:
    draft = decide(baking(), Look(Verdict.PASS, "", rung=3, closed=NIGHTS, restated=True), NOW)
    assert draft is not None
    assert draft.reason is Reason.EVIDENCE_RESTATED


def test_a_last_look_without_proof_goes_back_and_a_shadow_only_plan_reports() -> None:
    look = Look(Verdict.INCONCLUSIVE, "", closed=NIGHTS)
    draft = decide(canary(0), look, NOW)
    assert draft is not None
    assert draft.reason is Reason.INCONCLUSIVE
    assert kind(shadow(strategy="shadow"), look) is EventType.REPORT
    assert kind(baking(), look) is None


def test_a_hold_is_written_once_and_outlasts_good_news() -> None:
    look = Look(Verdict.HOLD, "", closed=NIGHTS, hold=Held.GUARD)
    held = go(canary(0), EventType.HOLD, held="guard")
    assert kind(canary(0), look) is EventType.HOLD
    assert kind(held, look) is None
    assert kind(held, Look(Verdict.PASS, "", rung=3, closed=NIGHTS)) is None
    assert kind(go(held, EventType.RESUME), Look(Verdict.PASS, "", rung=3, closed=NIGHTS)) is EventType.ADVANCE


def test_late_labels_lift_themselves() -> None:
    held = go(canary(0), EventType.HOLD, held="labels_late", night=NIGHTS[0])
    assert kind(held, Look(Verdict.WAIT, "", closed=NIGHTS[:1])) is EventType.RESUME


def test_a_hold_expires_to_the_safe_side() -> None:
    held = go(canary(0), EventType.HOLD, held="manual")
    look = Look(Verdict.PASS, "", rung=3, closed=NIGHTS)
    assert kind(held, look, NOW + timedelta(days=10)) is None
    draft = decide(held, look, NOW + timedelta(days=10, seconds=1))
    assert draft is not None
    assert draft.reason is Reason.EXPIRED


def test_errors_hold_after_four_in_a_row() -> None:
    assert kind(canary(0), Look(Verdict.ERROR, "", errors=3)) is None
    assert kind(canary(0), Look(Verdict.ERROR, "", errors=4)) is EventType.HOLD


def test_a_freeze_stops_a_step_up_and_never_a_step_back() -> None:
    look = Look(Verdict.PASS, "", rung=3, closed=NIGHTS, frozen="tonight")
    draft = decide(canary(0), look, NOW)
    assert draft is not None
    assert (draft.type, draft.held) == (EventType.HOLD, Held.FROZEN)
    assert kind(canary(0), replace(look, verdict=Verdict.FAIL)) is EventType.ROLLBACK
    frozen = go(canary(0), EventType.HOLD, held="frozen")
    assert kind(frozen, look) is None
    assert kind(frozen, replace(look, frozen="")) is EventType.ADVANCE


class TestApproval:
    """An approval works for its step, its plan and its evidence, before it expires."""

    policy = {"approval": {"before": [25]}}  # noqa: RUF012
    look = Look(Verdict.PASS, "", rung=3, closed=NIGHTS, evidence="a" * 64)

    def waiting(self) -> Rollout:
        return go(
            canary(0, **self.policy), EventType.HOLD, held="awaiting_approval", evidence="a" * 64, night=NIGHTS[3]
        )

    def approved(self, **other: object) -> Rollout:
        waiting = self.waiting()
        detail = {"step": 1, "plan": waiting.plan.sha, "expires": (NOW + timedelta(hours=48)).isoformat(), **other}
        return go(waiting, EventType.APPROVE, evidence="a" * 64, detail=detail)

    def test_the_step_waits_and_asks_once(self) -> None:
        draft = decide(canary(0, **self.policy), self.look, NOW)
        assert draft is not None
        assert draft.held is Held.AWAITING_APPROVAL
        assert kind(self.waiting(), self.look) is None

    def test_a_yes_lets_it_through(self) -> None:
        assert kind(self.approved(), self.look) is EventType.ADVANCE

    @pytest.mark.parametrize("other", [{"step": 2}, {"plan": "f" * 64}, {"expires": (NOW - timedelta(1)).isoformat()}])
    def test_a_yes_to_something_else_does_not(self, other: dict[str, object]) -> None:
        assert kind(self.approved(**other), self.look) is not EventType.ADVANCE

    def test_a_yes_to_older_evidence_does_not(self) -> None:
        assert kind(self.approved(), replace(self.look, evidence="b" * 64)) is EventType.HOLD


def test_an_ab_test_waits_for_its_last_look() -> None:
    rollout = go(shadow(strategy="ab"), EventType.ADVANCE, night=NIGHTS[0])
    look = Look(Verdict.PASS, "", rung=1, closed=NIGHTS)
    assert rollout.weight == 50
    assert kind(rollout, look) is None
    assert kind(rollout, replace(look, last=True)) is EventType.PROMOTE


@pytest.mark.parametrize(
    ("rollout", "event"),
    [
        (Rollout("r", plan()), EventType.START),
        (shadow(), EventType.PROMOTE),
        (shadow(), EventType.FINISH),
        (canary(0), EventType.PROMOTE),
        (canary(2), EventType.ADVANCE),
        (baking(), EventType.SUPERSEDE),
        (go(baking(), EventType.FINISH), EventType.ROLLBACK),
        (go(shadow(), EventType.ABORT, reason="aborted"), EventType.ADVANCE),
    ],
)
def test_no_path_skips_a_gate(rollout: Rollout, event: EventType) -> None:
    with pytest.raises(BadInput):
        go(rollout, event)
