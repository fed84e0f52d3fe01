"""Labels corrected after a verdict: noted once, and only in the bake can they end a rollout."""

from __future__ import annotations

from dataclasses import replace

from building_rollouts import NOW, after, go, plan

from tasks.breakers import turned_away
from tasks.rollout.fold import Rollout
from tasks.rollout.look import Look
from tasks.rollout.machine import Draft, decide
from tasks.rollout.stage import EventType, Reason, Stage
from tasks.rollout.verdict import Verdict

SEEN = Look(Verdict.WAIT, "bake", closed=("2019-01-01", "2019-01-02"), labels="old")


def baking() -> Rollout:
    canary = after(plan(ladder=(50,)), EventType.VALIDATE, EventType.START, EventType.ADVANCE)
    return go(canary, EventType.PROMOTE, night="2019-01-01", detail={"labels": "old"})


def drafted(rollout: Rollout, look: Look) -> Draft | None:
    return decide(rollout, look, NOW)


def test_labels_that_read_as_they_did_are_no_event() -> None:
    assert (baking().decided, baking().labels) == ("2019-01-01", "old")
    assert drafted(baking(), SEEN) is None


def test_a_correction_in_the_bake_is_noted_once_for_every_reading() -> None:
    draft = drafted(baking(), replace(SEEN, labels="new"))
    assert draft is not None
    assert (draft.type, draft.detail["labels"]) == (EventType.RESTATED, "new")
    noted = go(baking(), EventType.RESTATED, detail=draft.detail)
    assert (noted.stage, noted.weight) == (Stage.BAKING, 100)
    assert drafted(noted, replace(SEEN, labels="new")) is None


def test_a_correction_that_takes_back_the_promotion_brings_the_champion_back() -> None:
    draft = drafted(baking(), replace(SEEN, labels="new", restated=True))
    assert draft is not None
    assert (draft.type, draft.reason) == (EventType.ROLLBACK, Reason.EVIDENCE_RESTATED)


def test_after_the_end_a_correction_is_noted_and_moves_nothing() -> None:
    finished = go(baking(), EventType.FINISH)
    failed = go(baking(), EventType.ROLLBACK, reason="failed", night="2019-01-02", detail={"labels": "old"})
    for ended in (finished, failed):
        draft = drafted(ended, replace(SEEN, labels="new", restated=True, verdict=Verdict.FAIL))
        assert draft is not None
        assert draft.type is EventType.RESTATED
        noted = go(ended, EventType.RESTATED, detail=draft.detail)
        assert (noted.stage, noted.reason, noted.routes) == (ended.stage, ended.reason, ended.routes)
        assert (noted.quarantined, noted.ending) == (ended.quarantined, ended.ending)


def test_an_end_that_stands_on_no_labels_is_not_restated() -> None:
    shadow = after(plan(), EventType.VALIDATE, EventType.START)
    expired = go(shadow, EventType.ROLLBACK, reason="expired", detail={"labels": "old"})
    assert drafted(expired, replace(SEEN, labels="new")) is None


def test_an_open_breaker_is_harm_with_a_reason_of_its_own() -> None:
    canary = after(plan(), EventType.VALIDATE, EventType.START, EventType.ADVANCE)
    look = turned_away(canary, replace(SEEN, verdict=Verdict.PASS), {"2": "half_open"})
    draft = drafted(canary, look)
    assert draft is not None
    assert (draft.type, draft.reason) == (EventType.ROLLBACK, Reason.BREAKER)
    assert "breaker of version 2 is half-open" in draft.why
    assert set(go(canary, EventType.ROLLBACK, reason="breaker").quarantined) == {"2"}
    assert turned_away(canary, SEEN, {}) == SEEN
