"""A test between several versions, at 70/20/10: every arm is judged against the champion; one wins, or none."""

from __future__ import annotations

from dataclasses import replace

import pytest
from building_rollouts import NOW, after, go, plan

from blocks.serving.router import arm_of, check_routes
from tasks.evidence import rule_of
from tasks.judgement.evidence import log_level
from tasks.rollout.contest import combined
from tasks.rollout.fold import Rollout
from tasks.rollout.look import Look
from tasks.rollout.machine import Draft, decide
from tasks.rollout.plan import Plan
from tasks.rollout.policy import read_policy
from tasks.rollout.projection import SetAlias, alias_writes, tag_writes
from tasks.rollout.refusal import BadInput
from tasks.rollout.stage import EventType, Held, Reason, Stage
from tasks.rollout.verdict import Verdict

ARMS = {"1": 70, "2": 20, "3": 10}
KEYS = [f"game-{number}" for number in range(4000)]
WAITS = Look(Verdict.WAIT, "too early", closed=("2019-01-01", "2019-01-02"))
PASSES = Look(Verdict.PASS, "no harm", rung=1, closed=("2019-01-01", "2019-01-02"), last=True)


def a_test() -> Plan:
    return plan(strategy="ab", arms=ARMS, rivals=("3",))


def serving() -> Rollout:
    return after(a_test(), EventType.VALIDATE, EventType.START, EventType.ADVANCE)


def weights(rollout: Rollout) -> dict[str, int]:
    """Return the percent of every version, its own and what was returned to it."""
    found: dict[str, int] = {}
    for arm in rollout.routes.arms:
        found[arm.version] = found.get(arm.version, 0) + arm.weight
    return found


def drafted(rollout: Rollout, **looks: Look) -> Draft | None:
    return decide(rollout, combined({name.removeprefix("v"): look for name, look in looks.items()}), NOW)


def test_every_arm_scores_in_shadow_and_then_serves_its_share() -> None:
    shadow = after(a_test(), EventType.VALIDATE, EventType.START)
    assert weights(shadow) == {"2": 0, "3": 0, "1": 100}
    assert weights(serving()) == ARMS
    routes = serving().routes.to_dict()
    shares = {version: sum(arm_of(routes, key)["version"] == version for key in KEYS) / 40 for version in ARMS}
    assert shares == {"1": pytest.approx(70, abs=3), "2": pytest.approx(20, abs=3), "3": pytest.approx(10, abs=3)}


def test_both_errors_are_split_among_the_challengers() -> None:
    rule = rule_of(a_test(), "3")
    assert rule.challengers == 2
    assert rule.levels == (log_level(0.10, 2), log_level(0.05, 2))


def test_each_pair_has_its_own_q_bar() -> None:
    uneven = a_test()
    uneven = replace(uneven, rivals=(replace(uneven.rivals[0], q_bar=0.009),))
    assert (rule_of(uneven, "2").q_bar, rule_of(uneven, "3").q_bar) == (0.002, 0.009)


def test_an_arm_that_harms_gives_its_weight_back_and_the_others_go_on() -> None:
    harm = replace(WAITS, verdict=Verdict.FAIL, why="harm")
    draft = drafted(serving(), v2=WAITS, v3=harm)
    assert draft is not None
    assert (draft.type, draft.detail["arm"]) == (EventType.DROP, "3")
    left = go(serving(), EventType.DROP, why=draft.why, detail=draft.detail)
    assert weights(left) == {"2": 20, "1": 80}
    assert left.live
    assert left.quarantined == {"3": "failed: version 3: harm"}
    assert ("3", "quarantined") in [(write.version, write.key) for write in tag_writes(left)]


@pytest.mark.parametrize(("gone", "stays"), [("2", "3"), ("3", "2")])
def test_only_the_keys_of_the_arm_that_goes_are_returned_to_the_champion(gone: str, stays: str) -> None:
    before, left = serving().routes.to_dict(), go(serving(), EventType.DROP, detail={"arm": gone}).routes.to_dict()
    assert check_routes(left)["arms"] == left["arms"]
    pairs = [(arm_of(before, key)["version"], arm_of(left, key)["version"]) for key in KEYS]
    assert {old for old, new in pairs if old != new} == {gone}
    assert {new for _, new in pairs} == {stays, "1"}


def test_the_last_arm_that_harms_ends_the_test() -> None:
    left = go(serving(), EventType.DROP, detail={"arm": "2"})
    assert left.challenger == "3"
    draft = drafted(left, v3=replace(WAITS, verdict=Verdict.FAIL))
    assert draft is not None
    assert (draft.type, draft.reason) == (EventType.ROLLBACK, Reason.FAILED)
    ended = go(left, EventType.ROLLBACK, reason="failed")
    assert weights(ended) == {"1": 100}
    assert set(ended.quarantined) == {"2", "3"}
    with pytest.raises(BadInput, match="last arm"):
        go(left, EventType.DROP, detail={"arm": "3"})


def test_the_last_look_names_the_arm_with_the_least_upper_bound() -> None:
    draft = drafted(serving(), v2=replace(PASSES, upper=0.008), v3=replace(PASSES, upper=0.003))
    assert draft is not None
    assert (draft.type, draft.detail) == (EventType.PROMOTE, {"winner": "3"})
    baking = go(serving(), EventType.PROMOTE, detail=draft.detail)
    assert (baking.champion, weights(baking)) == ("3", {"1": 0, "3": 100})
    assert alias_writes(baking) == (SetAlias("fallback", "1"), SetAlias("champion", "3"), SetAlias("challenger", None))
    finished = go(baking, EventType.FINISH)
    stages = {write.version: write.value for write in tag_writes(finished) if write.key == "rollout.stage"}
    assert stages == {"1": "FALLBACK", "2": "NOT_CHOSEN", "3": "PROMOTED"}


def test_a_rollback_in_the_bake_brings_the_champion_back_and_blames_the_winner() -> None:
    baking = go(serving(), EventType.PROMOTE, detail={"winner": "3"})
    back = go(baking, EventType.ROLLBACK, reason="failed")
    assert weights(back) == {"1": 100}
    assert set(back.quarantined) == {"3"}


def test_nobody_is_promoted_before_the_last_look() -> None:
    assert drafted(serving(), v2=replace(PASSES, last=False), v3=replace(PASSES, last=False)) is None


def test_without_proof_the_last_look_names_none() -> None:
    open_end = replace(PASSES, verdict=Verdict.INCONCLUSIVE)
    draft = drafted(serving(), v2=open_end, v3=open_end)
    assert draft is not None
    assert (draft.type, draft.reason) == (EventType.ROLLBACK, Reason.INCONCLUSIVE)
    assert "no version wins" in draft.why
    assert drafted(serving(), v2=open_end, v3=PASSES).detail["winner"] == "3"  # type: ignore[union-attr]


def test_a_hold_of_one_arm_holds_the_test() -> None:
    held = replace(PASSES, verdict=Verdict.HOLD, hold=Held.GUARD)
    draft = drafted(serving(), v2=held, v3=PASSES)
    assert draft is not None
    assert (draft.type, draft.held) == (EventType.HOLD, Held.GUARD)


def test_a_promotion_names_an_arm_that_stands() -> None:
    left = go(serving(), EventType.DROP, detail={"arm": "3"})
    for detail, said in (
        ({}, "name one of its arms"),
        ({"winner": "3"}, "not an arm"),
        ({"winner": "9"}, "not an arm"),
    ):
        with pytest.raises(BadInput, match=said):
            go(left, EventType.PROMOTE, detail=detail)


def test_arms_that_do_not_add_up_are_refused_by_their_sum() -> None:
    with pytest.raises(BadInput, match="add up to 95"):
        read_policy({"model": "nba-win", "strategy": "ab", "arms": {"1": 70, "2": 20, "3": 5}}, "policy.yaml")
    with pytest.raises(BadInput, match="only strategy ab"):
        read_policy({"model": "nba-win", "arms": ARMS}, "policy.yaml")


def test_a_plan_that_names_its_rivals_comes_back_from_its_text() -> None:
    from tasks.rollout.plan import plan_from_text

    written = a_test()
    assert plan_from_text(written.to_text()) == written
    assert plan_from_text(written.to_text()).sha == written.sha
    assert serving().stage is Stage.CANARY
