"""The suite finds what it is there to find: an engine that writes in the wrong order is caught by a kill."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from itertools import chain
from typing import Any

import pytest
from faults.plans import PROMOTION, RETREAT, Plan
from faults.rehearsal import Rehearsal, Stage

import blocks.catalogue.versions
import tasks.alerts
import tasks.judging
import tasks.traffic
from blocks.platform import Platform
from blocks.registry import Registry
from tasks.rollout.fold import Rollout, apply
from tasks.rollout.machine import Draft, write
from tasks.rollout.projection import SetAlias, alias_writes
from tasks.rollout.stage import FLIPPED


def champion_before_fallback() -> None:
    """Move the champion before there is a way back."""

    def backwards(rollout: Rollout) -> tuple[SetAlias, ...]:
        return alias_writes(rollout)[::-1]

    tasks.traffic.alias_writes = backwards


def delete_then_set() -> None:
    """Drop an alias before setting it, so that for a moment nothing serves."""
    set_alias = blocks.catalogue.versions.set_alias

    def twice(uri: str, model: str, alias: str, version: str | None) -> bool:
        set_alias(uri, model, alias, None)
        return set_alias(uri, model, alias, version)

    blocks.catalogue.versions.set_alias = twice


def effect_before_decision() -> None:
    """Set the aliases for an event that is not written yet."""
    append = tasks.judging.append

    def early(registry: Registry, rollout: Rollout, draft: Draft, at: datetime, by: str) -> Any:
        after = apply(rollout, write(rollout, draft, at, by))
        if after.stage in FLIPPED:
            for one in alias_writes(after):
                registry.set_alias(after.plan.model, one.alias, one.version)
        return append(registry, rollout, draft, at, by)

    tasks.judging.append = early


def sent_before_sending() -> None:
    """Mark a notice sent before it is, so that a crash loses it."""

    def careless(platform: Platform, model: str) -> list[dict[str, object]]:
        sent = []
        for record, missing in tasks.alerts.unsent(platform.registry, model):
            rollout = tasks.alerts.rollout_of(record)
            for n in missing:
                platform.registry.log.tag(record.run_id, {f"n/{n:04d}": "now"})
                sent.append(tasks.alerts.notice_of(rollout, rollout.events[n - 1]))
                platform.notifier.send(sent[-1])
        return sent

    tasks.alerts.send_all = careless


def slates_left_alone() -> None:
    """Roll back without moving the games that have not tipped off."""
    import flows.canary_promote

    flows.canary_promote.revise_slates.fn = lambda platform, rollout, now: []  # type: ignore[method-assign]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("mutant", "plan", "law", "near"),
    [
        (champion_before_fallback, PROMOTION, "I3", "set_registered_model_alias"),
        (delete_then_set, PROMOTION, "I1", "delete_registered_model_alias"),
        (effect_before_decision, PROMOTION, "I2", "set_registered_model_alias"),
        (sent_before_sending, PROMOTION, "I9", "log_batch"),
        (slates_left_alone, RETREAT, "I12", "log_batch"),
    ],
)
def test_a_wrong_order_is_caught(mutant: Callable[[], None], plan: Plan, law: str, near: str, stage: Stage) -> None:
    """Kill after the writes that the mutant is about; the whole set of points would find it too."""
    rehearsal = Rehearsal(stage, plan, mutant)
    broken = rehearsal.play()
    deaths = (
        rehearsal.killed(point)
        for point in reversed(rehearsal.points())
        if (point.when, point.write) == ("after", near)
    )
    after_a_kill = (one for verdict in deaths for one in verdict.after_the_kill + verdict.at_rest)
    assert any(one.startswith(law) for one in chain(broken, after_a_kill))
