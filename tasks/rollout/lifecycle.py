"""Where a version stands in its life: a projection of the log of rollouts, and of who was retired."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from types import MappingProxyType

from tasks.rollout.fold import Rollout
from tasks.rollout.plan import RESTORE
from tasks.rollout.stage import FLIPPED, EventType, Stage


class Lifecycle(StrEnum):
    """The four stages of a version's life."""

    DEVELOPMENT = "development"
    STAGING = "staging"
    PRODUCTION = "production"
    ARCHIVED = "archived"


OF_THE_NEW = MappingProxyType(
    {
        Stage.REGISTERED: Lifecycle.DEVELOPMENT,
        Stage.REJECTED: Lifecycle.DEVELOPMENT,
        Stage.VALIDATED: Lifecycle.STAGING,
        Stage.SHADOW: Lifecycle.STAGING,
        Stage.CANARY: Lifecycle.STAGING,
        Stage.REPORTED: Lifecycle.STAGING,
        Stage.ROLLED_BACK: Lifecycle.STAGING,
        Stage.SUPERSEDED: Lifecycle.STAGING,
        Stage.BAKING: Lifecycle.PRODUCTION,
        Stage.PROMOTED: Lifecycle.PRODUCTION,
    }
)
"""Where a rollout leaves the version that it is about; ended as failed, it is archived instead."""


def lifecycle_of(rollout: Rollout) -> dict[str, Lifecycle]:
    """Return where a rollout leaves every version that its plan names.

    Champion and fallback are in production: both may answer. Who is neither any more, after having been, is archived.
    """
    plan, flipped = rollout.plan, rollout.stage in FLIPPED
    found: dict[str, Lifecycle] = {}
    if plan.fallback_before:
        found[plan.fallback_before] = Lifecycle.ARCHIVED if flipped else Lifecycle.PRODUCTION
    if plan.from_version:
        replaced = flipped and plan.strategy == RESTORE
        found[plan.from_version] = Lifecycle.ARCHIVED if replaced else Lifecycle.PRODUCTION
    if flipped and plan.strategy == RESTORE and plan.fallback_after and not _quarantined(rollout, plan.fallback_after):
        found[plan.fallback_after] = Lifecycle.PRODUCTION
    if plan.strategy != RESTORE:
        found |= {version: _of_the_new(rollout, version) for version in plan.challengers}
        # a fallback that is tried again may answer all the while
        if not flipped and plan.fallback_before in plan.challengers and plan.fallback_before not in rollout.quarantined:
            found[plan.fallback_before] = Lifecycle.PRODUCTION
    elif flipped:
        found[plan.to_version] = _of_the_new(rollout, plan.to_version)
    return found


def lifecycles(rollouts: Iterable[Rollout], retired: Iterable[str] = ()) -> dict[str, Lifecycle]:
    """Return where every version of a model stands after all its rollouts, oldest first; others are in development."""
    found: dict[str, Lifecycle] = {}
    for rollout in rollouts:
        found |= lifecycle_of(rollout)
    return found | dict.fromkeys(retired, Lifecycle.ARCHIVED)


def _quarantined(rollout: Rollout, version: str) -> bool:
    return rollout.plan.quarantine_from and version == rollout.plan.from_version


def _of_the_new(rollout: Rollout, version: str) -> Lifecycle:
    if version in rollout.quarantined:
        return Lifecycle.ARCHIVED
    if version not in rollout.standing:
        return Lifecycle.STAGING
    if rollout.stage is Stage.SUPERSEDED and all(event.type is not EventType.VALIDATE for event in rollout.events):
        return Lifecycle.DEVELOPMENT
    return OF_THE_NEW[rollout.stage]
