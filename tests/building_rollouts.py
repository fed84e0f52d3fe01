"""Plans and drafts for tests of the machine."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from tasks.rollout.fold import Rollout, apply
from tasks.rollout.machine import Draft, write
from tasks.rollout.plan import Plan, Request, Rival, Validation
from tasks.rollout.policy import Policy
from tasks.rollout.stage import EventType, Held, Reason
from tasks.rollout.verdict import Verdict

NOW = datetime(2019, 1, 5, 12, tzinfo=UTC)
PASSED = Validation(Verdict.PASS, "all gates passed", "run", "e" * 64)


def plan(first: bool = False, rivals: tuple[str, ...] = (), **policy: object) -> Plan:
    """Return a plan from version 1 to version 2, or the first of version 2; rivals: further arms of a test."""
    return Plan(
        request=Request("nba-win", "2", 1, "tester", NOW.isoformat()),
        strategy=str(policy.get("strategy", "canary")),
        from_version=None if first else "1",
        fallback_before=None,
        q_bar=0.002,
        policy=Policy.model_validate({"model": "nba-win", **policy}),
        validation=PASSED,
        rivals=tuple(Rival(version, 0.002, PASSED) for version in rivals),
    )


def failed(of: Plan) -> Plan:
    """Return the plan of a version that its gates refused."""
    return replace(of, validation=replace(PASSED, verdict=Verdict.FAIL))


def go(rollout: Rollout, kind: EventType, **draft: object) -> Rollout:
    """Return the rollout after one event of a kind."""
    held = Held(str(draft.pop("held"))) if "held" in draft else None
    reason = Reason(str(draft.pop("reason"))) if "reason" in draft else None
    made = Draft(kind, str(draft.pop("why", "because")), held=held, reason=reason, **draft)  # type: ignore[arg-type]
    return apply(rollout, write(rollout, made, NOW, "tester"))


def after(of: Plan, *kinds: EventType) -> Rollout:
    """Return the rollout of a plan after some events."""
    rollout = Rollout("run-1", of)
    for kind in kinds:
        rollout = go(rollout, kind)
    return rollout
