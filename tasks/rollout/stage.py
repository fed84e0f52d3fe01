"""The stages of a rollout and the events that move it: the machine as a table."""

from __future__ import annotations

from enum import StrEnum


class Stage(StrEnum):
    """Where a rollout stands. The last five are ends."""

    REGISTERED = "REGISTERED"
    VALIDATED = "VALIDATED"
    SHADOW = "SHADOW"
    CANARY = "CANARY"
    BAKING = "BAKING"
    PROMOTED = "PROMOTED"
    REJECTED = "REJECTED"
    ROLLED_BACK = "ROLLED_BACK"
    SUPERSEDED = "SUPERSEDED"
    REPORTED = "REPORTED"


class EventType(StrEnum):
    """What can happen to a rollout."""

    VALIDATE = "validate"
    REJECT = "reject"
    START = "start"
    ADVANCE = "advance"
    DROP = "drop"
    PROMOTE = "promote"
    EMERGENCY = "emergency"
    FINISH = "finish"
    REPORT = "report"
    ROLLBACK = "rollback"
    ABORT = "abort"
    SUPERSEDE = "supersede"
    RESTORE = "restore"
    HOLD = "hold"
    RESUME = "resume"
    APPROVE = "approve"
    DECLINE = "decline"
    RESTATED = "restated"


class Reason(StrEnum):
    """Why a rollout ended ROLLED_BACK."""

    FAILED = "failed"
    BREAKER = "breaker"
    INCONCLUSIVE = "inconclusive"
    EXPIRED = "expired"
    ABORTED = "aborted"
    EVIDENCE_RESTATED = "evidence_restated"


class Held(StrEnum):
    """Why a live rollout takes no step up."""

    GUARD = "guard"
    LABELS_LATE = "labels_late"
    COVERAGE = "coverage"
    AWAITING_APPROVAL = "awaiting_approval"
    FROZEN = "frozen"
    ERRORS = "errors"
    MANUAL = "manual"


LATCHED = frozenset({Held.GUARD, Held.ERRORS, Held.MANUAL})
"""Holds that only a person lifts; the others lift themselves when their cause is gone."""

QUARANTINES = frozenset({Reason.FAILED, Reason.BREAKER, Reason.EVIDENCE_RESTATED})
"""Ends that forbid another try of the same version; the rest say nothing against the model."""

SERVING = (Stage.SHADOW, Stage.CANARY, Stage.BAKING)
LIVE = (Stage.REGISTERED, Stage.VALIDATED, *SERVING)
ENDS = tuple(stage for stage in Stage if stage not in LIVE)
FLIPPED = (Stage.BAKING, Stage.PROMOTED)
"""Stages in which the challenger is the champion."""

TRANSITIONS: dict[tuple[Stage, EventType], Stage] = {
    (Stage.REGISTERED, EventType.VALIDATE): Stage.VALIDATED,
    (Stage.REGISTERED, EventType.REJECT): Stage.REJECTED,
    (Stage.REGISTERED, EventType.RESTORE): Stage.PROMOTED,
    (Stage.VALIDATED, EventType.START): Stage.SHADOW,
    (Stage.VALIDATED, EventType.EMERGENCY): Stage.BAKING,
    (Stage.SHADOW, EventType.EMERGENCY): Stage.BAKING,
    (Stage.CANARY, EventType.EMERGENCY): Stage.BAKING,
    (Stage.SHADOW, EventType.ADVANCE): Stage.CANARY,
    (Stage.CANARY, EventType.ADVANCE): Stage.CANARY,
    (Stage.SHADOW, EventType.DROP): Stage.SHADOW,
    (Stage.CANARY, EventType.DROP): Stage.CANARY,
    (Stage.SHADOW, EventType.PROMOTE): Stage.BAKING,
    (Stage.CANARY, EventType.PROMOTE): Stage.BAKING,
    (Stage.SHADOW, EventType.REPORT): Stage.REPORTED,
    (Stage.BAKING, EventType.FINISH): Stage.PROMOTED,
    (Stage.PROMOTED, EventType.RESTATED): Stage.PROMOTED,
    (Stage.ROLLED_BACK, EventType.RESTATED): Stage.ROLLED_BACK,
    **{(stage, EventType.SUPERSEDE): Stage.SUPERSEDED for stage in LIVE if stage is not Stage.BAKING},
    **{(stage, EventType.ABORT): Stage.ROLLED_BACK for stage in (Stage.VALIDATED, *SERVING)},
    **{(stage, EventType.ROLLBACK): Stage.ROLLED_BACK for stage in (Stage.VALIDATED, *SERVING)},
    **{
        (stage, event): stage
        for stage in (Stage.VALIDATED, *SERVING)
        for event in (EventType.HOLD, EventType.RESUME, EventType.APPROVE, EventType.DECLINE, EventType.RESTATED)
    },
}
"""Every step that a rollout may take; what is not here is refused."""
