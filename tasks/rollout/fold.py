"""The state of a rollout is the fold of its events; nothing else is state."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from tasks.rollout.event import Event
from tasks.rollout.plan import RESTORE, Plan
from tasks.rollout.refusal import BadInput
from tasks.rollout.routes import Routes, routes_of
from tasks.rollout.stage import LIVE, QUARANTINES, TRANSITIONS, EventType, Held, Reason, Stage
from tasks.rollout.verdict import Verdict

STEPS_UP = (EventType.ADVANCE, EventType.PROMOTE, EventType.EMERGENCY, EventType.START)
BY_LABELS = (Reason.FAILED, Reason.INCONCLUSIVE, Reason.EVIDENCE_RESTATED)
"""Ends that stand on labels for good, as a promotion does: a later correction of those is an event of its own."""


@dataclass(frozen=True, slots=True)
class Approved:
    """A person's yes, good for one step, one plan and one piece of evidence until it expires (ISO time)."""

    step: int
    plan: str
    evidence: str | None
    by: str
    expires: str


@dataclass(frozen=True, slots=True)
class Rollout:
    """Where a rollout stands after its events.

    step: index into the plan's ladder, -1 before it. stage_night: the last closed night when the stage or step began,
    None when no night had closed yet. resumed_night: looks up to this night no longer count for the guard.
    dropped: arms of a test that failed; winner: the one that was promoted; declined: who said no to the step that
    waits, and why; decided, labels: the night of the last verdict that moved it, and the digest of what it stood on.
    """

    run_id: str
    plan: Plan
    events: tuple[Event, ...] = ()
    stage: Stage = Stage.REGISTERED
    step: int = -1
    held: Held | None = None
    held_at: str | None = None
    reason: Reason | None = None
    started_at: str | None = None
    stage_night: str | None = None
    resumed_night: str | None = None
    approved: tuple[Approved, ...] = ()
    dropped: tuple[str, ...] = ()
    winner: str | None = None
    declined: str | None = None
    decided: str | None = None
    labels: str | None = None

    @property
    def live(self) -> bool:
        """Return whether it can still move."""
        return self.stage in LIVE

    @property
    def weight(self) -> int:
        """Return the percent of requests that the new version answers."""
        return self.weight_of(self.routes)

    def weight_of(self, routes: Routes) -> int:
        """Return the percent that the new version answers under given routes."""
        return sum(arm.weight for arm in routes.arms if arm.version != self.plan.from_version)

    @property
    def standing(self) -> tuple[str, ...]:
        """Return the challengers that are still compared with the champion."""
        if self.winner:
            return (self.winner,)
        return tuple(version for version in self.plan.challengers if version not in self.dropped)

    @property
    def challenger(self) -> str:
        """Return the version that a promotion makes champion: the winner of a test, else the one that was asked for.

        Of a test whose asked-for version has failed it is the first of the others.
        """
        return self.plan.to_version if self.plan.to_version in self.standing else self.standing[0]

    @property
    def ending(self) -> Event:
        """Return the event that the stage comes from: the newest that is not a later correction of labels."""
        return next(event for event in reversed(self.events) if event.type is not EventType.RESTATED)

    @property
    def quarantined(self) -> dict[str, str]:
        """Return the versions that this rollout forbids to try again, each with the reason."""
        found = {str(one.detail["arm"]): f"failed: {one.why}" for one in self.events if one.type is EventType.DROP}
        if self.reason in QUARANTINES:
            found[self.challenger] = f"{self.reason}: {self.ending.why}"
        if self.plan.quarantine_from and self.stage is Stage.PROMOTED and self.plan.from_version:
            found[self.plan.from_version] = self.ending.why
        return found

    @property
    def routes(self) -> Routes:
        """Return the routes in force."""
        return routes_of(self.plan, self.stage, self.step, self.dropped, self.winner)

    @property
    def champion(self) -> str | None:
        """Return the version that answers what no challenger takes."""
        found = [arm.version for arm in self.routes.arms if arm.role == "champion"]
        return found[0] if found else None

    @property
    def tip(self) -> str:
        """Return the digest that the next event carries as `prev`."""
        return self.events[-1].sha if self.events else self.plan.sha


def fold(run_id: str, plan: Plan, events: Iterable[Event]) -> Rollout:
    """Return the rollout after its events; raise BadInput at the first one that cannot have happened."""
    rollout = Rollout(run_id, plan)
    for event in events:
        rollout = apply(rollout, event)
    return rollout


def apply(rollout: Rollout, event: Event) -> Rollout:
    """Return the rollout one event later; every field of the event is checked against what must follow."""
    where = f"event {event.n} of {rollout.run_id}"
    if event.n != len(rollout.events) + 1:
        raise BadInput(where, f"expected number {len(rollout.events) + 1}: the log has a gap")
    if event.prev != rollout.tip:
        raise BadInput(where, "it does not cite the record before it: the log was changed after it was written")
    after = step_of(rollout, event.type, event)
    complaint = _complaint(after, event)
    if complaint:
        raise BadInput(where, complaint)
    return replace(after, events=(*rollout.events, event))


def _complaint(after: Rollout, event: Event) -> str:
    routes = after.routes
    if event.routes != routes.to_dict() or event.weight != after.weight_of(routes):
        return f"its routes are not those of {after.stage} step {after.step}"
    if (event.stage, event.step, event.held, event.reason) != (after.stage, after.step, after.held, after.reason):
        return f"it says {event.stage} step {event.step}, what follows is {after.stage} step {after.step}"
    return ""


def step_of(rollout: Rollout, kind: EventType, event: Event) -> Rollout:
    """Return the state after an event of this kind, by the table; raise BadInput where the table has no such step."""
    stage = TRANSITIONS.get((rollout.stage, kind))
    if stage is None:
        raise BadInput(kind.value, f"a rollout that is {rollout.stage} takes no such step")
    _no_gate_is_skipped(rollout, kind)
    _the_arm_stands(rollout, kind, event.detail)
    moved = replace(rollout, stage=stage)
    if kind in _NOTES:
        return _NOTES[kind](moved, event)
    moved = replace(moved, held=None, held_at=None, reason=event.reason)
    if (kind is EventType.PROMOTE or event.reason in BY_LABELS) and "labels" in event.detail:
        moved = replace(moved, decided=event.night, labels=str(event.detail["labels"]))
    if kind in (EventType.PROMOTE, EventType.EMERGENCY) and "winner" in event.detail:
        moved = replace(moved, winner=str(event.detail["winner"]))
    if kind in STEPS_UP:
        step = rollout.step + 1 if kind is EventType.ADVANCE else rollout.step
        return replace(moved, step=step, stage_night=event.night, started_at=rollout.started_at or event.at)
    return moved


def _hold(rollout: Rollout, event: Event) -> Rollout:
    return replace(rollout, held=event.held, held_at=rollout.held_at if rollout.held else event.at)


def _resume(rollout: Rollout, event: Event) -> Rollout:
    person_looked = rollout.held is Held.GUARD
    return replace(
        rollout, held=None, held_at=None, resumed_night=event.night if person_looked else rollout.resumed_night
    )


def _restate(rollout: Rollout, event: Event) -> Rollout:
    return replace(rollout, labels=str(event.detail["labels"]) if "labels" in event.detail else rollout.labels)


_NOTES: dict[EventType, Callable[[Rollout, Event], Rollout]] = {
    EventType.HOLD: _hold,
    EventType.RESUME: _resume,
    EventType.APPROVE: lambda rollout, event: replace(rollout, approved=(*rollout.approved, _approved(event))),
    EventType.DECLINE: lambda rollout, event: replace(rollout, declined=event.why),
    EventType.RESTATED: _restate,
    EventType.DROP: lambda rollout, event: replace(rollout, dropped=(*rollout.dropped, str(event.detail["arm"]))),
}
"""Events that leave stage and step as they are."""


def _no_gate_is_skipped(rollout: Rollout, kind: EventType) -> None:
    plan, last = rollout.plan, len(rollout.plan.steps) - 1
    if kind is EventType.RESTORE and plan.strategy != RESTORE:
        raise BadInput(kind.value, f"the plan is a {plan.strategy}; only a restore goes straight to 100 %")
    if kind is EventType.VALIDATE:
        for checked in map(plan.validation_of, plan.challengers):
            if checked.verdict is not Verdict.PASS:
                raise BadInput(kind.value, f"the gates said {checked.verdict}: {checked.why}")
    if kind is EventType.PROMOTE and not rollout.plan.first and (rollout.step < last or last < 0):
        raise BadInput(
            kind.value, f"step {rollout.step} of {rollout.plan.steps} is not the last one before the promotion"
        )
    if kind is EventType.ADVANCE and rollout.step >= last:
        raise BadInput(kind.value, f"the ladder {rollout.plan.steps} has no step after {rollout.step}")


def _the_arm_stands(rollout: Rollout, kind: EventType, detail: dict[str, object]) -> None:
    if kind is EventType.DROP:
        named, wanted = detail.get("arm"), True
    elif kind in (EventType.PROMOTE, EventType.EMERGENCY):
        named, wanted = detail.get("winner"), bool(rollout.plan.rivals)
    else:
        return
    arms = ", ".join(rollout.standing)
    if wanted and named is None:
        raise BadInput(kind.value, f"this is a test between several versions; name one of its arms: {arms}")
    if named is not None and named not in rollout.standing:
        raise BadInput(kind.value, f"version {named} is not an arm of this test any more; these are: {arms}")
    if kind is EventType.DROP and len(rollout.standing) == 1:
        raise BadInput(kind.value, f"version {named} is the last arm; without it the test ends by a rollback")


def _approved(event: Event) -> Approved:
    detail = event.detail
    return Approved(int(str(detail["step"])), str(detail["plan"]), event.evidence, event.by, str(detail["expires"]))
