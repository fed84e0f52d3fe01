"""A no to a step is noted first and ends the rollout after, so a crash between the two loses neither."""

from __future__ import annotations

from building_rollouts import NOW, after, go, plan

from tasks.rollout.fold import Rollout
from tasks.rollout.look import Look
from tasks.rollout.machine import decide
from tasks.rollout.stage import EventType, Reason, Stage
from tasks.rollout.verdict import Verdict


def declined() -> Rollout:
    held = go(after(plan(), EventType.VALIDATE, EventType.START), EventType.HOLD, held="awaiting_approval")
    return go(held, EventType.DECLINE, why="step 0: no, says ann", detail={"step": 0})


def test_a_no_is_an_event_that_leaves_the_rollout_held() -> None:
    assert (declined().stage, declined().held) == (Stage.SHADOW, "awaiting_approval")


def test_the_next_tick_after_a_no_aborts_whatever_it_sees() -> None:
    for verdict in (Verdict.PASS, Verdict.WAIT, Verdict.ERROR, Verdict.HOLD):
        draft = decide(declined(), Look(verdict, "seen"), NOW)
        assert draft is not None
        assert (draft.type, draft.reason, draft.why) == (EventType.ABORT, Reason.ABORTED, "step 0: no, says ann")
