"""The machine: a rollout, a look and the time in; the one event that must follow out, or none."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from tasks.rollout.event import Event
from tasks.rollout.fold import Rollout, step_of
from tasks.rollout.look import Look
from tasks.rollout.plan import RESTORE
from tasks.rollout.stage import LATCHED, EventType, Held, Reason, Stage
from tasks.rollout.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Draft:
    """An event before it has a number: what kind, why, and on which evidence."""

    type: EventType
    why: str
    held: Held | None = None
    reason: Reason | None = None
    evidence: str | None = None
    night: str | None = None
    detail: dict[str, object] = field(default_factory=dict)


def write(rollout: Rollout, draft: Draft, at: datetime, by: str) -> Event:
    """Return the draft as the rollout's next event; raise BadInput where the table has no such step."""
    held = draft.held or (rollout.held if draft.type in _KEEP_THE_HOLD else None)
    bare = Event(
        n=len(rollout.events) + 1,
        type=draft.type,
        at=_no_earlier(rollout, at).isoformat(),
        by=by,
        stage=rollout.stage,
        step=rollout.step,
        weight=0,
        held=held,
        reason=draft.reason,
        why=draft.why,
        evidence=draft.evidence,
        night=draft.night if draft.night is not None else _last_night(rollout),
        routes={},
        prev=rollout.tip,
        detail=draft.detail,
    )
    after = step_of(rollout, draft.type, bare)
    return replace(
        bare,
        stage=after.stage,
        step=after.step,
        weight=after.weight,
        held=after.held,
        reason=after.reason,
        routes=after.routes.to_dict(),
    )


_KEEP_THE_HOLD = (EventType.APPROVE, EventType.DECLINE, EventType.RESTATED)


def _no_earlier(rollout: Rollout, at: datetime) -> datetime:
    """Return the time, or that of the last event where the clock has gone back: the log's own time never does."""
    return max(at, datetime.fromisoformat(rollout.events[-1].at)) if rollout.events else at


def _last_night(rollout: Rollout) -> str | None:
    return rollout.events[-1].night if rollout.events else None


def decide_opening(rollout: Rollout) -> Draft | None:
    """Return the event that needs no look: of a rollout before its shadow, or of a model's first version."""
    plan, checked = rollout.plan, rollout.plan.validation
    if rollout.stage is Stage.REGISTERED:
        if plan.strategy == RESTORE:
            why = f"version {plan.to_version} was champion before and passed its gates then: {checked.why}"
            return Draft(EventType.RESTORE, why, evidence=checked.evidence)
        passed = checked.verdict is Verdict.PASS
        kind = EventType.VALIDATE if passed else EventType.REJECT
        return Draft(kind, checked.why, evidence=checked.evidence, detail={"run": checked.run_id})
    if rollout.stage is Stage.VALIDATED and rollout.held is None:
        return Draft(
            EventType.START, "first version of this model" if plan.first else "all gates passed; it scores in shadow"
        )
    if plan.first and rollout.stage is Stage.SHADOW:
        return Draft(EventType.PROMOTE, "there is no champion to compare with; its gates passed")
    if plan.first and rollout.stage is Stage.BAKING:
        return Draft(EventType.FINISH, "there is no earlier champion to keep warm")
    return None


def decide(rollout: Rollout, look: Look, now: datetime) -> Draft | None:
    """Return the event that a look at a serving rollout calls for, the worst verdict first, or None.

    Of an ended one only a correction of the labels that its last verdict stood on is noted.
    """
    for rule in (_retreat, _restate, _hold, _step_up, _lift) if rollout.live else (_restate,):
        draft = rule(rollout, look, _no_earlier(rollout, now))
        if draft is not None:
            return _with_evidence(draft, look)
        if rule is _hold and rollout.held in LATCHED:
            return None
    return None


def _with_evidence(draft: Draft, look: Look) -> Draft:
    return replace(draft, evidence=look.evidence, night=look.night, detail=look.figures | draft.detail)


def _retreat(rollout: Rollout, look: Look, now: datetime) -> Draft | None:
    """The ends on the safe side: harm, a no, restated evidence, a hold nobody lifted, a last look without proof."""
    if look.verdict is Verdict.FAIL:
        return _harm(look)
    if rollout.declined:
        return Draft(EventType.ABORT, rollout.declined, reason=Reason.ABORTED)
    if rollout.stage is Stage.BAKING and look.restated:
        why = f"labels were corrected, and what the promotion stood on is gone: {look.why}"
        return Draft(EventType.ROLLBACK, why, reason=Reason.EVIDENCE_RESTATED)
    patience = timedelta(days=rollout.plan.policy.patience_nights)
    if rollout.held and rollout.held_at and now - datetime.fromisoformat(rollout.held_at) > patience:
        why = f"held for {rollout.held} since {rollout.held_at}, longer than {patience.days} days"
        return Draft(EventType.ROLLBACK, why, reason=Reason.EXPIRED)
    return _no_proof(rollout, look)


def _harm(look: Look) -> Draft:
    """An arm of a test goes alone while others stand; its weight goes back to the champion."""
    if look.others:
        return Draft(EventType.DROP, look.why, detail={"arm": look.arm})
    return Draft(EventType.ROLLBACK, look.why, reason=look.harm)


def _no_proof(rollout: Rollout, look: Look) -> Draft | None:
    if look.verdict is not Verdict.INCONCLUSIVE or rollout.stage is Stage.BAKING:
        return None
    if not rollout.plan.steps:
        return Draft(EventType.REPORT, look.why)
    return Draft(EventType.ROLLBACK, look.why, reason=Reason.INCONCLUSIVE)


def _restate(rollout: Rollout, look: Look, now: datetime) -> Draft | None:
    """Note that labels were corrected after a verdict stood on them; the verdict itself is final."""
    if not rollout.labels or look.labels in ("", rollout.labels):
        return None
    why = f"labels up to the night of {rollout.decided} were corrected after the verdict that stood on them"
    return Draft(EventType.RESTATED, f"{why}; it stands", evidence=look.evidence, detail={"labels": look.labels})


def _hold(rollout: Rollout, look: Look, now: datetime) -> Draft | None:
    """No step up and a page: the guard, late labels, thin coverage, or too many ticks that could not measure."""
    if look.verdict is Verdict.ERROR:
        if look.errors < rollout.plan.policy.error_limit or rollout.held is Held.ERRORS:
            return None
        return Draft(EventType.HOLD, f"{look.errors} ticks in a row could not measure: {look.why}", held=Held.ERRORS)
    if look.verdict is not Verdict.HOLD or rollout.held == look.hold or rollout.held in LATCHED:
        return None
    return Draft(EventType.HOLD, look.why, held=look.hold)


def _step_up(rollout: Rollout, look: Look, now: datetime) -> Draft | None:
    draft = _due(rollout, look)
    if draft is None or draft.type in (EventType.FINISH, EventType.REPORT):
        return draft
    weight = 100 if draft.type is EventType.PROMOTE else rollout.plan.steps[rollout.step + 1]
    if weight in rollout.plan.policy.approval.before and not _is_approved(rollout, look, now):
        if rollout.held is Held.AWAITING_APPROVAL and rollout.events[-1].evidence == look.evidence:
            return None
        return Draft(EventType.HOLD, f"the step to {weight} % waits for a person", held=Held.AWAITING_APPROVAL)
    if look.frozen:
        if rollout.held is Held.FROZEN:
            return None
        return Draft(EventType.HOLD, look.frozen, held=Held.FROZEN)
    return draft


def _due(rollout: Rollout, look: Look) -> Draft | None:
    """The step that the evidence allows; one a closed night at most."""
    if look.verdict not in (Verdict.PASS, Verdict.WAIT, Verdict.INCONCLUSIVE):
        return None
    rule = {Stage.SHADOW: _due_in_shadow, Stage.CANARY: _due_in_canary, Stage.BAKING: _due_in_the_bake}.get(
        rollout.stage
    )
    return rule(rollout, look, look.nights_after(rollout.stage_night)) if rule else None


def _due_in_the_bake(rollout: Rollout, look: Look, fresh: int) -> Draft | None:
    done = fresh >= rollout.plan.policy.bake_nights
    return Draft(EventType.FINISH, f"{fresh} nights at 100 % without harm") if done else None


def _due_in_shadow(rollout: Rollout, look: Look, fresh: int) -> Draft | None:
    if not rollout.plan.steps:
        return Draft(EventType.REPORT, look.why) if look.verdict is Verdict.PASS else None
    done = fresh >= rollout.plan.policy.shadow_nights
    return Draft(EventType.ADVANCE, f"{fresh} nights in shadow without a hold") if done else None


def _due_in_canary(rollout: Rollout, look: Look, fresh: int) -> Draft | None:
    plan = rollout.plan
    if fresh < 1 or look.rung <= rollout.step:
        return None
    if rollout.step + 1 < len(plan.steps):
        return Draft(EventType.ADVANCE, f"evidence for {look.rung} of {len(plan.steps)} steps: {look.why}")
    waits_for_the_last_look = plan.strategy == "ab" and not look.last
    if look.verdict is Verdict.PASS and not waits_for_the_last_look:
        won: dict[str, object] = {"winner": look.arm or rollout.challenger} if plan.rivals else {}
        return Draft(EventType.PROMOTE, look.why, detail=won)
    return None


def _is_approved(rollout: Rollout, look: Look, now: datetime) -> bool:
    return any(
        (yes.step, yes.plan, yes.evidence) == (rollout.step + 1, rollout.plan.sha, look.evidence)
        and now <= datetime.fromisoformat(yes.expires)
        for yes in rollout.approved
    )


def _lift(rollout: Rollout, look: Look, now: datetime) -> Draft | None:
    """A hold whose cause is gone, where no step up was due."""
    gone = {
        Held.LABELS_LATE: look.verdict is not Verdict.HOLD,
        Held.COVERAGE: look.verdict is not Verdict.HOLD,
        Held.FROZEN: not look.frozen,
    }
    if rollout.held and gone.get(rollout.held, False) and look.verdict is not Verdict.ERROR:
        return Draft(EventType.RESUME, f"what it was held for ({rollout.held}) is over")
    return None
