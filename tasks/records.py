"""The log of rollouts, translated between MLflow's texts and our nouns; every decision goes through here."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from blocks.errors import Conflict, NotFound, Refused
from blocks.log.rollouts import ABANDONED_TAG, PROJECTED_TAG, Record
from blocks.platform import Platform
from blocks.registry import Registry
from tasks.rollout.candidate import Candidate, Checked
from tasks.rollout.event import Event, event_from_text
from tasks.rollout.fold import Rollout, fold
from tasks.rollout.machine import Draft, decide_opening, write
from tasks.rollout.operation import stand
from tasks.rollout.plan import RESTORE, Plan, Request, Rival, Validation, plan_from_text
from tasks.rollout.policy import Policy, read_policy
from tasks.rollout.refusal import BadInput
from tasks.rollout.stage import EventType, Stage
from tasks.rollout.verdict import Verdict
from tasks.step import step

TRIES = 20


@dataclass(frozen=True, slots=True)
class Wish:
    """What a release asks for, before it is known whether and where it becomes a rollout."""

    model: str
    version: str
    policy: Policy
    validation: Validation
    q_bar: float
    by: str
    at: datetime
    attempt: int | None = None
    strategy: str | None = None
    rivals: tuple[Rival, ...] = ()
    fallback_after: str | None = None
    quarantine_from: bool = False

    @property
    def arms(self) -> dict[str, int] | None:
        """Return the percent of every version of the test that is asked for, None where none is."""
        return self.policy.arms if (self.strategy or self.policy.strategy) == "ab" else None

    @property
    def versions(self) -> tuple[str, ...]:
        """Return every version that would be compared with the champion."""
        return (self.version, *(rival.version for rival in self.rivals))


def rollout_of(record: Record) -> Rollout:
    """Return the rollout that a record's texts fold into."""
    return fold(record.run_id, plan_from_text(record.plan), map(event_from_text, record.events))


def head(registry: Registry, model: str) -> Rollout | None:
    """Return the newest rollout of a model."""
    record = registry.log.head(model)
    return rollout_of(record) if record else None


def every(registry: Registry, model: str) -> list[Rollout]:
    """Return every rollout of a model, oldest first."""
    return [rollout_of(record) for record in registry.log.all(model)]


def append(registry: Registry, rollout: Rollout, draft: Draft, at: datetime, by: str) -> tuple[Rollout, Event | None]:
    """Append a draft as the next event; return the rollout as it then stands, and the event unless another was first.

    Of two writers one wins; the loser finds either the event that it wanted to write, which counts as its own, or
    another one, after which it must look again.
    """
    event = write(rollout, draft, at, by)
    try:
        registry.log.append(rollout.run_id, event.n, event.to_text())
    except Conflict:
        standing = rollout_of(registry.log.read(rollout.run_id))
        mine = standing.events[event.n - 1].says_the_same_as(event)
        return standing, standing.events[event.n - 1] if mine else None
    return fold(rollout.run_id, rollout.plan, (*rollout.events, event)), event


def open_rollout(registry: Registry, wish: Wish) -> Rollout:
    """Return the live rollout of a wish, made if it is not there: at most one is live, and a newer wish supersedes.

    Raises Refused when the version may not be rolled out, Conflict when others keep being faster.
    """
    for _ in range(TRIES):
        known = every(registry, wish.model)
        newest = known[-1] if known else None
        if newest is not None and _answers(newest, wish):
            return _opened(registry, newest, wish)
        may_roll_out(registry, known, wish)
        if newest is not None and newest.live:
            _supersede(registry, newest, wish)
            continue
        rollout = _planned(registry, known, wish)
        if rollout is None:
            continue
        try:
            registry.log.claim(wish.model, len(known) + 1, rollout.run_id)
        except Conflict:
            continue
        return _opened(registry, rollout, wish)
    raise Conflict(f"{TRIES} attempts to open a rollout of {wish.model} {wish.version} lost to others.", "Try again.")


def _strategy(wish: Wish) -> str:
    return wish.strategy or wish.policy.strategy


def _answers(newest: Rollout, wish: Wish) -> bool:
    """Return whether the newest rollout is what a wish asks for, so that asking again after a crash changes nothing."""
    plan = newest.plan
    if plan.to_version != wish.version:
        return newest.live and plan.arms is not None and wish.version in newest.standing and plan.arms == wish.arms
    if newest.live:
        return plan.strategy == _strategy(wish)
    asked_the_same = (plan.validation.evidence, plan.policy) == (wish.validation.evidence, wish.policy)
    return newest.champion == wish.version or (newest.stage is Stage.REJECTED and asked_the_same)


def _opened(registry: Registry, rollout: Rollout, wish: Wish) -> Rollout:
    draft = decide_opening(rollout)
    if rollout.stage is Stage.REGISTERED and draft is not None:
        return append(registry, rollout, draft, wish.at, wish.by)[0]
    return rollout


def _supersede(registry: Registry, live: Rollout, wish: Wish) -> None:
    if live.stage is Stage.BAKING:
        remedy = "Wait for the end of its bake, or roll it back: gamenight rollback --help."
        raise Refused(
            f"Version {live.plan.to_version} serves 100 % and is in its bake; it cannot be superseded.", remedy
        )
    why = f"superseded by a newer request for version {wish.version}"
    append(registry, live, Draft(EventType.SUPERSEDE, why), wish.at, wish.by)


def may_roll_out(registry: Registry, known: list[Rollout], wish: Wish) -> None:
    """Raise Refused for a version that may not be rolled out, before anything is changed for it."""
    newest = known[-1] if known else None
    standing = stand(registry.log.operations(wish.model))
    if standing.disabled and wish.strategy != RESTORE:
        raise Refused(f"Rollouts of {wish.model} are switched off: {standing.disabled}.", "Switch them on: enable.")
    if newest is not None and newest.champion == wish.version:
        raise Refused(f"Version {wish.version} of {wish.model} is the champion already.")
    rivals_in(registry, wish.model, wish.version, wish.arms, newest.champion if newest else None)
    for other in wish.rivals:
        if other.validation.verdict is not Verdict.PASS:
            said = f"Version {other.version} of {wish.model}, an arm of the test, did not pass: {other.validation.why}"
            raise Refused(f"{said}.", "Take it out of the policy's arms.")
    for version in wish.versions:
        if version in standing.retired:
            raise Refused(f"Version {version} of {wish.model} is retired.", "Register a new version.")
        why = quarantine_of(registry, known, version)
        if why:
            remedy = "Register a corrected version, or lift the quarantine after an inquiry."
            raise Refused(f"Version {version} of {wish.model} is quarantined: {why}.", remedy)


def quarantine_of(registry: Registry, known: list[Rollout], version: str) -> str:
    """Return why a version is quarantined, or an empty text: its tag says so, or an event that no tag shows yet."""
    tags = registry.version(known[-1].plan.model, version)["tags"] if known else {}
    if isinstance(tags, dict) and "quarantined" in tags:
        return str(tags["quarantined"])
    for one in reversed(known):
        if version in one.quarantined and not _is_shown(registry, one):
            return one.quarantined[version]
    return ""


def _is_shown(registry: Registry, rollout: Rollout) -> bool:
    return registry.log.read(rollout.run_id).tags.get(PROJECTED_TAG) == str(len(rollout.events))


def rivals_in(
    registry: Registry, model: str, version: str, arms: dict[str, int] | None, champion: str | None
) -> tuple[str, ...]:
    """Return the arms beside the champion and the new version; raise Refused where they leave out one of the two.

    A version that is not registered is refused too. A model's first version has nobody to be compared with.
    """
    if arms is None or champion is None:
        return ()
    said = f"The policy's arms name {', '.join(arms)}"
    for needed, who in ((champion, "the champion"), (version, "the version that is released")):
        if needed not in arms:
            raise Refused(f"{said}; {who} is {needed} and must be among them.", "Correct the arms.")
    for other in arms:
        try:
            registry.version(model, other)
        except NotFound as error:
            raise Refused(f"{said}; there is no version {other} of {model}.", "Correct the arms.") from error
    return tuple(other for other in arms if other not in (champion, version))


def _planned(registry: Registry, known: list[Rollout], wish: Wish) -> Rollout | None:
    """Return the wish as a planned run that has no place in the index yet; None when an old run had to be set aside."""
    newest = known[-1] if known else None
    tried = sum(1 for one in known if one.plan.to_version == wish.version)
    request = Request(wish.model, wish.version, wish.attempt or 1 + tried, wish.by, wish.at.isoformat())
    plan = Plan(
        request=request,
        strategy=_strategy(wish),
        from_version=newest.champion if newest else None,
        fallback_before=newest.routes.fallback if newest else None,
        q_bar=wish.q_bar,
        policy=wish.policy,
        validation=wish.validation,
        fallback_after=wish.fallback_after,
        quarantine_from=wish.quarantine_from,
        rivals=wish.rivals,
    )
    run_id = registry.log.prepare(wish.model, request.key, f"{wish.model} {wish.version} attempt {request.attempt}")
    standing = _write_plan(registry, run_id, _standing_plan(registry, run_id) or plan)
    if not standing.asks_the_same_as(plan):
        registry.log.tag(run_id, {ABANDONED_TAG: f"asked against champion {standing.from_version}, and asked anew"})
        return None
    return Rollout(run_id, standing)


def _standing_plan(registry: Registry, run_id: str) -> Plan | None:
    try:
        return plan_from_text(registry.log.read(run_id).plan)
    except NotFound:
        return None


def _write_plan(registry: Registry, run_id: str, plan: Plan) -> Plan:
    try:
        registry.log.plan(run_id, plan.to_text(), plan.from_version, plan.to_version)
    except Conflict:
        return plan_from_text(registry.log.read(run_id).plan)
    return plan


def wish_for(candidate: Candidate, checked: Checked, at: datetime, by: str, rivals: tuple[Rival, ...] = ()) -> Wish:
    """Return the wish of a release whose version has been through its gates, with the other arms of its test."""
    asked = (candidate.model, candidate.version, candidate.policy, checked.validation, checked.q_bar, by, at)
    return Wish(*asked, rivals=rivals)


def rival(version: str, checked: Checked) -> Rival:
    """Return a further arm of a test whose version has been through its gates."""
    short = replace(checked.validation, why=checked.validation.why[:200])
    return Rival(version, checked.q_bar, short)


@step("find the other arms")
def find_rivals(registry: Registry, candidate: Candidate) -> tuple[str, ...]:
    """Return the versions that a test compares beside the one that is released; refuse arms that do not fit."""
    newest = head(registry, candidate.model)
    arms = candidate.policy.arms if candidate.policy.strategy == "ab" else None
    return rivals_in(registry, candidate.model, candidate.version, arms, newest.champion if newest else None)


@step("read the policy")
def read_policy_of(platform: Platform, model: str) -> Policy:
    """Return the policy of a model, checked whole."""
    return read_policy(platform.policy(model), f"{model}/policy.yaml")


@step("read the policy file")
def policy_from(path: str) -> Policy:
    """Return the policy of a file that is only tried, not in force."""
    import yaml

    file = Path(path)
    if not file.is_file():
        raise BadInput("policy", f"there is no file {path}")
    return read_policy(yaml.safe_load(file.read_text(encoding="utf-8")), path)


@step("read the newest rollout")
def read_rollout(registry: Registry, model: str) -> Rollout | None:
    """Return the newest rollout of a model, None before the first."""
    return head(registry, model)


@step("open the rollout")
def open_the_rollout(registry: Registry, wish: Wish) -> Rollout:
    """Write the plan, take the next place in the index, and log the answer of the gates."""
    return open_rollout(registry, wish)
