"""What people do outside a rollout, and by hand within one; every act is an event with its author."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Literal

from blocks.errors import Conflict, Refused
from blocks.platform import Platform
from blocks.registry import Registry
from tasks.acts import Act, back_from, insist, live
from tasks.records import TRIES, head
from tasks.rollout.fold import Rollout
from tasks.rollout.lifecycle import Lifecycle
from tasks.rollout.machine import Draft
from tasks.rollout.operation import Operation, OperationType, Standing, stand
from tasks.rollout.refusal import BadInput
from tasks.rollout.stage import EventType, Held, Stage
from tasks.step import step

Action = Literal["hold", "resume", "abort", "promote_now", "freeze", "unfreeze", "disable", "enable", "retire"]


def standing(registry: Registry, model: str) -> Standing:
    """Return what holds for a model after all acts outside its rollouts."""
    return stand(registry.log.operations(model))


def operation_rows(registry: Registry, model: str) -> tuple[list[dict[str, object]], list[str]]:
    """Return the acts outside rollouts as the history shows them, and a complaint where their log was changed."""
    texts = registry.log.operations(model)
    try:
        stand(texts)
    except (ValueError, KeyError, TypeError) as error:
        return [], [f"the acts outside rollouts are not what was written: {error}"]
    return [_row(json.loads(text)) for text in texts], []


def _row(act: dict[str, object]) -> dict[str, object]:
    kept = {name: act[name] for name in ("n", "type", "at", "by", "why", "subject", "until")}
    none = dict.fromkeys(("rollout", "from", "to", "weight", "evidence", "routes"))
    return {**none, **kept}


def operate(registry: Registry, kind: OperationType, act: Act, subject: str = "", until: str = "") -> Standing:
    """Append an act to the operations log, by compare-and-set."""
    for _ in range(TRIES):
        before = standing(registry, act.model)
        made = Operation(before.count + 1, kind, act.at.isoformat(), act.by, act.why, subject, until, before.tip)
        try:
            registry.log.operate(act.model, made.n, made.to_text())
        except Conflict:
            continue
        after = standing(registry, act.model)
        _show(registry, act.model, after)
        return after
    raise Conflict(f"{TRIES} attempts to write {kind} lost to other writers.", "Try again.")


def _show(registry: Registry, model: str, now: Standing) -> None:
    """Keep the model's tags in line with its operations log; they are a view and may be rebuilt."""
    registry.tag_model(model, "freeze.until", now.frozen_until)
    registry.tag_model(model, "rollout.disabled", now.disabled[:4000])


def retire(registry: Registry, version: str, act: Act) -> Standing:
    """Retire a version; raise Refused for one under an alias or in a live rollout."""
    named = {number: alias for alias, number in registry.aliases(act.model).items()}
    if version in named:
        raise Refused(f"Version {version} of {act.model} is {named[version]}; it cannot be retired.")
    rollout = head(registry, act.model)
    if rollout is not None and rollout.live and version in rollout.plan.versions:
        raise Refused(f"Version {version} of {act.model} takes part in a live rollout; it cannot be retired.")
    registry.version(act.model, version)
    after = operate(registry, OperationType.RETIRE, act, subject=version)
    registry.tag(act.model, version, "rollout.stage", "ARCHIVED")
    registry.tag(act.model, version, "lifecycle.stage", Lifecycle.ARCHIVED.value)
    return after


def within_the_rollout(registry: Registry, action: str, act: Act, version: str | None = None) -> None:
    """Hold, resume, abort or promote at once; raise BadInput where the rollout does not allow it.

    version: the arm to promote, of a test between several.
    """
    rollout = live(registry, act.model)
    if action == "resume" and rollout.held is None:
        raise BadInput("action", f"the rollout of {act.model} is not held; nothing was changed")
    if action == "hold" and rollout.stage is Stage.REGISTERED:
        raise BadInput("action", f"the rollout of {act.model} has not started; nothing was changed")
    if action == "hold" and _holds_already(rollout, act):
        return
    if action == "abort":
        back_from(registry, rollout, act)
        return
    if action == "promote_now" and version is not None and version not in rollout.standing:
        arms = ", ".join(rollout.standing)
        raise BadInput("version", f"version {version} is not in the rollout of {act.model}; it has {arms}")
    winner: dict[str, object] = {"winner": version or rollout.challenger} if rollout.plan.rivals else {}
    drafts = {
        "hold": Draft(EventType.HOLD, act.why, held=Held.MANUAL),
        "resume": Draft(EventType.RESUME, act.why),
        "promote_now": Draft(EventType.EMERGENCY, f"emergency promotion without proof: {act.why}", detail=winner),
    }
    insist(registry, rollout, drafts[action], act)


def _holds_already(rollout: Rollout, act: Act) -> bool:
    """Return whether this person holds it with these words: asked again, as after a crash, nothing is added."""
    held = [event for event in rollout.events if event.type is EventType.HOLD]
    return rollout.held is Held.MANUAL and (held[-1].by, held[-1].why) == (act.by, act.why)


@step("act")
def act_on(platform: Platform, action: Action, act: Act, until: datetime | None, version: str | None) -> None:
    """Write one act of a person into the log it belongs to."""
    registry = platform.registry
    if action in ("hold", "resume", "abort", "promote_now"):
        within_the_rollout(registry, action, act, version)
    elif action == "retire":
        if version is None:
            raise BadInput("version", "name the version to retire")
        retire(registry, version, act)
    elif action == "freeze":
        if until is None or until.tzinfo is None:
            raise BadInput("until", "name the end of the freeze as a time with its timezone")
        operate(registry, OperationType.FREEZE, act, until=until.isoformat())
    else:
        operate(registry, OperationType(action), act)
