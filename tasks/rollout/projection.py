"""What the world should look like for a rollout: a pure function from the fold, in the order of safety."""

from __future__ import annotations

from dataclasses import dataclass

from tasks.rollout.fold import Rollout
from tasks.rollout.lifecycle import lifecycle_of
from tasks.rollout.plan import RESTORE
from tasks.rollout.stage import FLIPPED, Stage


@dataclass(frozen=True, slots=True)
class SetAlias:
    """Let an alias name a version; `version` None drops it."""

    alias: str
    version: str | None


@dataclass(frozen=True, slots=True)
class SetTag:
    """Write a tag of a model version."""

    version: str
    key: str
    value: str


Write = SetAlias | SetTag


def alias_writes(rollout: Rollout) -> tuple[SetAlias, ...]:
    """Return the aliases that the newest rollout of a model calls for, in the order in which they are safe to set.

    Going forward `fallback` is set before `champion` moves, so there is always a way back; going back `champion` is
    set first, so harm ends first. A model without a champion has no alias to set.
    """
    plan = rollout.plan
    if rollout.stage in FLIPPED:
        fallback = plan.fallback_after if plan.strategy == RESTORE else plan.from_version
        return (SetAlias("fallback", fallback), SetAlias("champion", rollout.challenger), SetAlias("challenger", None))
    if plan.from_version is None:
        return ()
    serving = rollout.stage in (Stage.SHADOW, Stage.CANARY)
    return (
        SetAlias("champion", plan.from_version),
        SetAlias("fallback", plan.fallback_before),
        SetAlias("challenger", rollout.challenger if serving else None),
    )


def tag_writes(rollout: Rollout) -> tuple[SetTag, ...]:
    """Return the version tags that show a rollout at a glance; all of them can be rebuilt from the log."""
    plan = rollout.plan
    writes = [SetTag(version, "rollout.stage", _stage_of(rollout, version)) for version in plan.challengers]
    if plan.strategy != RESTORE and rollout.stage is not Stage.REGISTERED:
        status = "REJECTED" if rollout.stage is Stage.REJECTED else "VALIDATED"
        writes += [SetTag(version, "validation.status", status) for version in plan.challengers]
    if plan.from_version is not None and rollout.stage in FLIPPED:
        writes.append(SetTag(plan.from_version, "rollout.stage", "FALLBACK"))
    writes += [SetTag(version, "quarantined", why[:4000]) for version, why in rollout.quarantined.items()]
    stages = lifecycle_of(rollout).items()
    return (*writes, *(SetTag(version, "lifecycle.stage", stage.value) for version, stage in stages))


def _stage_of(rollout: Rollout, version: str) -> str:
    if version in rollout.dropped:
        return Stage.ROLLED_BACK.value
    return rollout.stage.value if version in rollout.standing else "NOT_CHOSEN"
