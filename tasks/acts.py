"""What people do to a rollout: go back, answer, hold, resume, abort. Each is an event with its author."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from blocks.errors import NotFound, Refused
from blocks.platform import Platform
from blocks.registry import Registry
from tasks.records import TRIES, Wish, append, every, head, may_roll_out, open_rollout, quarantine_of
from tasks.rollout.fold import Approved, Rollout
from tasks.rollout.machine import Draft
from tasks.rollout.plan import RESTORE
from tasks.rollout.policy import read_policy
from tasks.rollout.refusal import BadInput
from tasks.rollout.stage import FLIPPED, EventType, Held, Reason, Stage
from tasks.step import step


@dataclass(frozen=True, slots=True)
class Act:
    """What a person, a monitor or an automation does: on which model, who, when and why."""

    model: str
    by: str
    at: datetime
    why: str


def live(registry: Registry, model: str) -> Rollout:
    """Return the live rollout of a model; raise BadInput when none is under way."""
    rollout = head(registry, model)
    if rollout is None or not rollout.live:
        raise BadInput("model", f"no rollout of {model} is under way; see `gamenight rollouts {model}`")
    return rollout


def insist(registry: Registry, rollout: Rollout, draft: Draft, act: Act) -> Rollout:
    """Append a person's act, also when a tick was faster: read again and try on what stands then."""
    for _ in range(TRIES):
        rollout, event = append(registry, rollout, draft, act.at, act.by)
        if event is not None:
            return rollout
    raise Refused(f"{TRIES} attempts to write {draft.type} lost to other writers.", "Try again.")


def champions(rollouts: list[Rollout]) -> list[tuple[str, Rollout]]:
    """Return every version that has been champion with the rollout that made it so, oldest first."""
    return [(one.challenger, one) for one in rollouts if any(event.stage in FLIPPED for event in one.events)]


def back_from(registry: Registry, rollout: Rollout, act: Act, harm: bool = False) -> Rollout:
    """End a live rollout: as failed, which quarantines the version, or as aborted, after which it may try again."""
    if rollout.plan.first:
        raise Refused(
            f"Version {rollout.plan.to_version} is the first of {rollout.plan.model}: there is nothing to go back to.",
            "Release another version.",
        )
    failed = Draft(EventType.ROLLBACK, act.why, reason=Reason.FAILED)
    aborted = Draft(EventType.ABORT, act.why, reason=Reason.ABORTED)
    return insist(registry, rollout, failed if harm else aborted, act)


def restore(platform: Platform, to: str | None, act: Act) -> Rollout:
    """Open the rollout that brings back an earlier champion, and log it at once.

    Raises BadInput or Refused for a version that never was champion, is quarantined, is missing or does not load.
    """
    known = every(platform.registry, act.model)
    newest = known[-1] if known else None
    if newest is not None and to == newest.champion:
        return newest
    return open_rollout(platform.registry, _way_back(platform, known, to or _fallback(known, act), act))


def _fallback(known: list[Rollout], act: Act) -> str:
    """Return the version to go back to when none is named; going back twice over is never meant by asking twice."""
    newest = known[-1] if known else None
    target = newest.routes.fallback if newest else None
    if newest is None or target is None:
        raise Refused(f"There is no earlier champion of {act.model} to go back to.", "Release another version.")
    if newest.stage is Stage.ROLLED_BACK or newest.plan.strategy == RESTORE:
        last, out = newest.ending, newest.plan
        gone = out.from_version if out.strategy == RESTORE else newest.challenger
        said = f"Version {gone} of {act.model} was taken out of service at {last.at} by {last.by}"
        raise Refused(f"{said}; version {newest.champion} serves.", f"To go further back, name it: --to {target}.")
    return target


def _way_back(platform: Platform, known: list[Rollout], target: str, act: Act) -> Wish:
    """Return the wish to restore a version, refused before anything is changed for it."""
    registry, model = platform.registry, act.model
    made = dict(champions(known))
    if target not in made:
        names = ", ".join(sorted(made, key=int)) or "none"
        raise BadInput("to", f"version {target} of {model} has never been champion; these have: {names}")
    _must_be_sound(registry, model, target)
    validated = made[target].plan.validation_of(target)
    policy = read_policy(platform.policy(model), f"{model}/policy.yaml")
    fallback = _earlier_champion(registry, known, model, target)
    wish = Wish(model, target, policy, validated, 0.0, act.by, act.at, strategy=RESTORE, fallback_after=fallback)
    may_roll_out(registry, known, wish)
    return wish


def _must_be_sound(registry: Registry, model: str, version: str) -> None:
    try:
        registry.load_model(model, version)
    except NotFound as error:
        raise Refused(f"Version {version} of {model} is not in the registry any more.") from error


def _earlier_champion(registry: Registry, known: list[Rollout], model: str, target: str) -> str | None:
    """Return the newest earlier champion that is neither quarantined nor the target; None where there is none."""
    for version, _ in reversed(champions(known)):
        if version != target and not quarantine_of(registry, known, version):
            return version
    return None


@step("go back")
def go_back(platform: Platform, to: str | None, act: Act) -> Rollout:
    """End the live rollout, or restore an earlier champion when none is live or one is named.

    A tick may end the rollout first; then what stands is looked at again.
    """
    for _ in range(TRIES):
        known = every(platform.registry, act.model)
        newest = known[-1] if known else None
        if newest is None or not newest.live:
            return restore(platform, to, act)
        further = to is not None and to != newest.plan.from_version
        if further:
            _way_back(platform, known, str(to), act)
        why = f"{act.why}; version {to} is restored instead" if further else act.why
        try:
            ended = back_from(platform.registry, newest, replace(act, why=why))
        except BadInput:  # it has ended meanwhile, as a bake does
            continue
        return restore(platform, to, act) if further else ended
    raise Refused(f"{TRIES} attempts to go back lost to other writers.", "Try again.")


@step("take the answer")
def answer(platform: Platform, step: int, yes: bool, act: Act) -> Rollout:
    """Write a person's yes or no to the step that waits; raise BadInput when it does not wait or may not be theirs."""
    rollout = live(platform.registry, act.model)
    approval = rollout.plan.policy.approval
    waiting = rollout.step + 1 if rollout.held is Held.AWAITING_APPROVAL else None
    if step != waiting:
        stands = "no step waits for an answer" if waiting is None else f"step {waiting} waits"
        raise BadInput("step", f"step {step} of {act.model} cannot be answered: {stands}; nothing was changed")
    if approval.by and act.by not in approval.by:
        raise BadInput("by", f"{act.by} may not answer for {act.model}; the policy names {', '.join(approval.by)}")
    if not yes:
        if rollout.declined == act.why:  # asked again, as after a crash
            return rollout
        draft = Draft(EventType.DECLINE, act.why, evidence=rollout.events[-1].evidence, detail={"step": step})
        return insist(platform.registry, rollout, draft, act)
    if any(_says_so_already(yes, rollout, act) for yes in rollout.approved):
        return rollout
    expires = (act.at + timedelta(hours=approval.expires_hours)).isoformat()
    detail: dict[str, object] = {"step": step, "plan": rollout.plan.sha, "expires": expires}
    draft = Draft(EventType.APPROVE, act.why, evidence=rollout.events[-1].evidence, detail=detail)
    return insist(platform.registry, rollout, draft, act)


def _says_so_already(yes: Approved, rollout: Rollout, act: Act) -> bool:
    asked = (rollout.step + 1, rollout.plan.sha, rollout.events[-1].evidence, act.by)
    return (yes.step, yes.plan, yes.evidence, yes.by) == asked and act.at <= datetime.fromisoformat(yes.expires)
