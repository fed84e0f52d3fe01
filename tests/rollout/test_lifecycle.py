"""Where every version stands in its life follows from the log, for every stage and every end."""

from __future__ import annotations

from dataclasses import replace

import pytest
from building_rollouts import after, failed, go, plan

from tasks.rollout.fold import Rollout
from tasks.rollout.lifecycle import OF_THE_NEW, Lifecycle, lifecycle_of, lifecycles
from tasks.rollout.plan import RESTORE, Request
from tasks.rollout.projection import SetTag, tag_writes
from tasks.rollout.stage import EventType, Reason, Stage

DEVELOPMENT, STAGING, PRODUCTION, ARCHIVED = Lifecycle
TO_SHADOW = (EventType.VALIDATE, EventType.START)
TO_CANARY = (*TO_SHADOW, EventType.ADVANCE)
TO_BAKING = (*TO_CANARY, EventType.ADVANCE, EventType.ADVANCE, EventType.PROMOTE)
WITH_FALLBACK = replace(plan(), fallback_before="0")
BEFORE = {"0": PRODUCTION, "1": PRODUCTION}
AFTER = {"0": ARCHIVED, "1": PRODUCTION}


@pytest.mark.parametrize(
    ("stage", "events", "expected"),
    [
        (Stage.REGISTERED, (), BEFORE | {"2": DEVELOPMENT}),
        (Stage.VALIDATED, TO_SHADOW[:1], BEFORE | {"2": STAGING}),
        (Stage.SHADOW, TO_SHADOW, BEFORE | {"2": STAGING}),
        (Stage.CANARY, TO_CANARY, BEFORE | {"2": STAGING}),
        (Stage.BAKING, TO_BAKING, AFTER | {"2": PRODUCTION}),
        (Stage.PROMOTED, (*TO_BAKING, EventType.FINISH), AFTER | {"2": PRODUCTION}),
        (Stage.REPORTED, (*TO_SHADOW, EventType.REPORT), BEFORE | {"2": STAGING}),
        (Stage.SUPERSEDED, (EventType.SUPERSEDE,), BEFORE | {"2": DEVELOPMENT}),
        (Stage.SUPERSEDED, (*TO_CANARY, EventType.SUPERSEDE), BEFORE | {"2": STAGING}),
    ],
)
def test_every_stage_says_where_challenger_champion_and_fallback_stand(
    stage: Stage, events: tuple[EventType, ...], expected: dict[str, Lifecycle]
) -> None:
    rollout = after(WITH_FALLBACK, *events)
    assert rollout.stage is stage
    assert lifecycle_of(rollout) == expected


def test_a_version_that_its_gates_refused_stays_in_development() -> None:
    rollout = after(failed(WITH_FALLBACK), EventType.REJECT)
    assert rollout.stage is Stage.REJECTED
    assert lifecycle_of(rollout) == BEFORE | {"2": DEVELOPMENT}


def test_the_table_knows_every_stage() -> None:
    assert set(OF_THE_NEW) == set(Stage)


@pytest.mark.parametrize("reason", Reason)
@pytest.mark.parametrize("events", [TO_CANARY, TO_BAKING])
def test_a_rollback_archives_what_failed_and_lets_the_rest_try_again(
    reason: Reason, events: tuple[EventType, ...]
) -> None:
    rollout = go(after(WITH_FALLBACK, *events), EventType.ROLLBACK, reason=reason)
    forbidden = reason in (Reason.FAILED, Reason.BREAKER, Reason.EVIDENCE_RESTATED)
    assert lifecycle_of(rollout) == BEFORE | {"2": ARCHIVED if forbidden else STAGING}


def test_of_a_test_between_arms_the_dropped_one_is_archived_the_winner_serves_and_the_other_may_try_again() -> None:
    of = plan(rivals=("3", "4"), strategy="ab", arms={"1": 40, "2": 20, "3": 20, "4": 20})
    rollout = go(after(of, *TO_CANARY), EventType.DROP, detail={"arm": "4"}, why="harm")
    assert lifecycle_of(rollout) == {"1": PRODUCTION, "2": STAGING, "3": STAGING, "4": ARCHIVED}
    won = go(rollout, EventType.PROMOTE, detail={"winner": "3"})
    assert lifecycle_of(won) == {"1": PRODUCTION, "2": STAGING, "3": PRODUCTION, "4": ARCHIVED}


def restored(quarantine: bool = False) -> Rollout:
    """Return champion 3 with fallback 2, gone back to version 1."""
    of = replace(
        plan(strategy="canary"),
        request=Request("nba-win", "1", 1, "ana", "2019-01-05T12:00:00+00:00"),
        strategy=RESTORE,
        from_version="3",
        fallback_before="2",
        fallback_after="3" if not quarantine else "2",
        quarantine_from=quarantine,
    )
    return after(of, EventType.RESTORE)


def test_a_restore_brings_the_old_champion_back_and_keeps_the_replaced_one_as_fallback() -> None:
    assert lifecycle_of(restored()) == {"1": PRODUCTION, "2": ARCHIVED, "3": PRODUCTION}


def test_a_restore_that_blames_the_champion_archives_it() -> None:
    assert lifecycle_of(restored(quarantine=True)) == {"1": PRODUCTION, "2": PRODUCTION, "3": ARCHIVED}


def test_a_fallback_that_is_tried_again_stays_in_production_all_the_while() -> None:
    again = replace(plan(), fallback_before="2")
    for events in ((), TO_CANARY, TO_BAKING):
        assert lifecycle_of(after(again, *events)) == {"1": PRODUCTION, "2": PRODUCTION}
    blamed = go(after(again, *TO_CANARY), EventType.ROLLBACK, reason=Reason.FAILED)
    assert lifecycle_of(blamed) == {"1": PRODUCTION, "2": ARCHIVED}


def test_the_newest_rollout_wins_and_a_retired_version_is_archived_whatever_the_log_says() -> None:
    first = after(replace(plan(first=True), request=replace(plan().request, version="1")), *TO_SHADOW)
    first = go(go(first, EventType.PROMOTE), EventType.FINISH)
    second = after(plan(), *TO_BAKING)
    assert lifecycles([first]) == {"1": PRODUCTION}
    assert lifecycles([first, second], retired=["0"]) == {"0": ARCHIVED, "1": PRODUCTION, "2": PRODUCTION}


def test_the_projection_writes_the_stage_of_every_version_as_a_tag() -> None:
    rollout = after(WITH_FALLBACK, *TO_BAKING)
    written = {tag for tag in tag_writes(rollout) if tag.key == "lifecycle.stage"}
    told = {"0": "archived", "1": "production", "2": "production"}
    assert written == {SetTag(version, "lifecycle.stage", stage) for version, stage in told.items()}
