"""The invariants I1-I14, read from the record and the store alone.

`broken_always` may be asked at any instant, also right after a kill; `broken_at_rest` once a tick has run to its end.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from faults.world import World

from blocks.errors import NotFound
from blocks.log.reader import current_routes
from blocks.log.rollouts import Record
from blocks.serving.router import arm_of
from tasks.evidence import ledger_from, records_of
from tasks.judgement.judge import judge
from tasks.records import rollout_of
from tasks.rollout.canonical import digest
from tasks.rollout.event import Event
from tasks.rollout.fold import Rollout
from tasks.rollout.plan import RESTORE
from tasks.rollout.stage import EventType, Stage
from tasks.rollout.verdict import Verdict

KEYS = [f"game-{number}" for number in range(300)]
FLIPS = (EventType.PROMOTE, EventType.EMERGENCY, EventType.RESTORE)
BY_EVIDENCE = (EventType.ADVANCE, EventType.PROMOTE)


@dataclass(frozen=True, slots=True)
class Seen:
    """What stands in a world: the rollouts with their records, oldest first, and the aliases."""

    world: World
    records: list[Record]
    rollouts: list[Rollout]
    aliases: dict[str, str]
    quarantined: set[str]

    @property
    def head(self) -> Rollout | None:
        """Return the newest rollout."""
        return self.rollouts[-1] if self.rollouts else None


def see(world: World) -> Seen:
    """Return what stands; a log that does not fold (a gap, a broken chain, two of one number) raises."""
    registry = world.platform.registry
    records = registry.log.all(world.model)
    try:
        aliases = registry.aliases(world.model)
        versions = registry.versions(world.model)
    except NotFound:
        aliases, versions = {}, []
    marked = {str(row["version"]) for row in versions if "quarantined" in dict(row["tags"])}  # type: ignore[call-overload]
    return Seen(world, records, [rollout_of(record) for record in records], aliases, marked)


def broken_always(seen: Seen) -> list[str]:
    """Return every invariant that does not hold, whatever was cut off a moment ago."""
    found = [*_champion(seen), *_one_live(seen), *_served_routes(seen), *_manifests(seen)]
    for rollout in seen.rollouts:
        found += [*_weights(rollout), *_approvals(rollout), *_evidence(seen, rollout)]
    return found


def broken_at_rest(seen: Seen) -> list[str]:
    """Return every invariant that does not hold after a tick has run to its end."""
    return [*broken_always(seen), *_projected(seen), *_announced(seen), *_slates_follow_a_rollback(seen)]


def _champion(seen: Seen) -> Iterator[str]:
    """I1, I2, I3: the alias names one of the two ends, never before its event, and never without a way back."""
    head, named = seen.head, seen.aliases.get("champion")
    if head is None:
        if named is not None:
            yield f"I2: champion is {named} and there is no log"
        return
    plan = head.plan
    flipped = any(event.type in FLIPS for event in head.events)
    allowed = {plan.from_version} | ({head.challenger} if flipped else set())
    if named not in allowed:
        law = "I2" if named == head.challenger else "I1"
        yield f"{law}: champion is {named}; after {_last(head)} it may be {sorted(map(str, allowed))}"
    fallback = seen.aliases.get("fallback")
    if named == head.challenger and not plan.first and plan.strategy != RESTORE and fallback != plan.from_version:
        yield f"I3: champion is {named} and fallback {fallback}, the way back is {plan.from_version}"
    if fallback is not None and fallback in seen.quarantined:
        yield f"I3: fallback {fallback} is quarantined"


def _one_live(seen: Seen) -> Iterator[str]:
    """I6 and I7: one live rollout, which is the newest; numbers without a gap in the index and in every rollout."""
    live = [rollout.run_id for rollout in seen.rollouts if rollout.live]
    if len(live) > 1 or (live and live[0] != seen.rollouts[-1].run_id):
        yield f"I6: live rollouts {live}"
    if len({rollout.run_id for rollout in seen.rollouts}) != len(seen.rollouts):
        yield "I6: one run has two places in the index"
    for record in seen.records:
        numbers = [json.loads(text)["n"] for text in record.events]
        if numbers != list(range(1, len(numbers) + 1)):
            yield f"I7: event numbers {numbers}"


def _served_routes(seen: Seen) -> Iterator[str]:
    """I4: a reader of the highest event serves what the fold says, and after a rollback the old champion alone."""
    routes = current_routes(seen.world.tracking_uri, seen.world.model)
    spoken = [rollout for rollout in seen.rollouts if rollout.events]
    if not spoken:
        if routes is not None:
            yield f"I4: routes {routes} without an event"
        return
    last = spoken[-1]
    assert routes is not None
    table: Any = routes["routes"]
    if table != last.routes.to_dict():
        yield f"I4: readers serve {table}, the log says {last.routes.to_dict()}"
    if last.stage in (Stage.ROLLED_BACK, Stage.SUPERSEDED, Stage.REJECTED) and last.plan.from_version:
        strays = {arm_of(table, key)["version"] for key in KEYS} - {last.plan.from_version}
        if strays:
            yield f"I4: after {_last(last)} some keys go to {strays}"
    if table["fallback"] is not None and any(
        arm["role"] == "champion" and arm["version"] == table["fallback"] for arm in table["arms"]
    ):
        yield f"I3: the routes name {table['fallback']} champion and fallback"


def _weights(rollout: Rollout) -> Iterator[str]:
    """I5: exposure only after validation, rising until the retreat, and whoever is in stays in."""
    inside: set[str] = set()
    validated = retreated = False
    for event in rollout.events:
        validated |= event.type in (EventType.VALIDATE, EventType.RESTORE)
        if event.weight and not validated:
            yield f"I5: {event.type} gives {event.weight} % before any validation"
        retreat = event.stage in (Stage.ROLLED_BACK, Stage.SUPERSEDED, Stage.REJECTED, Stage.REPORTED)
        taken = (
            {key for key in KEYS if arm_of(event.routes, key)["version"] == rollout.challenger}
            if event.weight
            else set()
        )
        if retreated and event.weight:
            yield f"I5: {event.type} gives {event.weight} % after a retreat"
        if not retreat and not inside <= taken:
            yield f"I5: {event.type} takes keys away at {event.weight} %"
        retreated |= retreat
        inside = taken
    if rollout.plan.validation.verdict is not Verdict.PASS and any(event.weight for event in rollout.events):
        yield "I5: exposure of a version that its gates refused"


def _approvals(rollout: Rollout) -> Iterator[str]:
    """I14: a step that needs a person has a yes for this step, plan and evidence, given before and not expired."""
    for place, event in enumerate(rollout.events):
        if (
            event.type not in BY_EVIDENCE
            or event.weight not in rollout.plan.policy.approval.before
            or rollout.plan.first
        ):
            continue
        if not any(_lets(rollout, yes, event) for yes in rollout.events[:place]):
            yield f"I14: {event.type} to {event.weight} % without a yes for it"


def _lets(rollout: Rollout, yes: Event, step: Event) -> bool:
    before = step.step - (step.type is EventType.ADVANCE)
    return (
        yes.type is EventType.APPROVE
        and yes.evidence == step.evidence
        and yes.detail["plan"] == rollout.plan.sha
        and yes.detail["step"] == before + 1
        and datetime.fromisoformat(step.at) <= datetime.fromisoformat(str(yes.detail["expires"]))
    )


def _evidence(seen: Seen, rollout: Rollout) -> Iterator[str]:
    """I11 and I13: what is cited stands, is no newer than its watermark, and says what the event says."""
    log = seen.world.platform.registry.log
    for event in rollout.events:
        if event.type not in (*BY_EVIDENCE, EventType.ROLLBACK) or rollout.plan.first or event.evidence is None:
            if event.type in BY_EVIDENCE and not rollout.plan.first:
                yield f"I13: {event.type} cites no evidence"
            continue
        text = log.evidence(rollout.run_id, event.evidence)
        if digest(text) != event.evidence:
            yield f"I11: the evidence of {event.type} is not what was cited"
        said = json.loads(text)
        arms = records_of(text)
        rows = [row[0] for arm in arms for row in arm["rows"] if row[0] in arm["closed"]]
        if said["watermark"] != event.night or any(night > str(event.night) for night in rows):
            yield f"I11: {event.type} of night {event.night} cites evidence up to {said['watermark']}"
        if event.type in BY_EVIDENCE and not all(arm["rows"] for arm in arms):
            yield f"I13: {event.type} on empty evidence"
        judged = {arm["to"]: judge(*ledger_from(arm), resumed=tuple(filter(None, [arm["resumed"]]))) for arm in arms}
        if event.type is EventType.PROMOTE and judged[rollout.challenger].verdict is not Verdict.PASS:
            yield f"I13: promoted on {judged[rollout.challenger].verdict}"


def _manifests(seen: Seen) -> Iterator[str]:
    """I12: every forecast of a slate comes from a version of its manifests, and one version serves a game."""
    store = seen.world.platform.store
    served = store.predictions(seen.world.model)
    served = served[served["served"]]
    several = served.groupby(["slate", "unit"])["version"].nunique()
    if (several > 1).any():
        yield f"I12: two versions served {several[several > 1].index.tolist()}"


def _slates_follow_a_rollback(seen: Seen) -> Iterator[str]:
    """I12: after a rollback the games that have not tipped off go to the old champion."""
    head = seen.head
    if head is None or head.stage is not Stage.ROLLED_BACK:
        return
    ended = datetime.fromisoformat(head.events[-1].at)
    for slate in seen.world.platform.store.slates(seen.world.model).to_dict("records"):
        manifest = slate["manifest"]
        ahead = any(datetime.fromisoformat(game["tip"]) > ended for game in manifest["games"])
        strays = {arm_of(manifest["routes"], game["game_id"])["version"] for game in manifest["games"]}
        if ahead and manifest["rollout"] == head.run_id and strays != {head.plan.from_version}:
            yield f"I12: slate {slate['slate']} is still served by {sorted(strays)}"


def _projected(seen: Seen) -> Iterator[str]:
    """I1-I3 and I10 at rest: the aliases are the log's, they load, and the fallback is somebody else."""
    head = seen.head
    if head is None:
        return
    champion, fallback = seen.aliases.get("champion"), seen.aliases.get("fallback")
    if champion != head.champion:
        yield f"I1: champion is {champion}, the log says {head.champion}"
    if champion is not None:
        seen.world.platform.registry.version(seen.world.model, champion)
    if fallback != head.routes.fallback:
        yield f"I3: fallback is {fallback}, the log says {head.routes.fallback}"
    if fallback is not None and fallback == champion:
        yield f"I3: fallback and champion are both {fallback}"
    serving = head.stage in (Stage.SHADOW, Stage.CANARY) and not head.plan.first
    if seen.aliases.get("challenger") != (head.challenger if serving else None):
        yield f"I10: challenger is {seen.aliases.get('challenger')} in {head.stage}"


def _announced(seen: Seen) -> Iterator[str]:
    """I9: every event was announced at least once, and repeats share a key and a content."""
    path = seen.world.notices
    notices = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    told = Counter(notice["key"] for notice in notices)
    for rollout in seen.rollouts:
        for event in rollout.events:
            if told[f"{rollout.run_id}:{event.n}"] < 1:
                yield f"I9: nobody was told of {event.type} ({event.n})"
    contents = {(notice["key"], notice["type"], notice["at"], notice["why"]) for notice in notices}
    if len(contents) != len(told):
        yield "I9: one key was given to two notices"


def _last(rollout: Rollout) -> str:
    return f"{rollout.stage} ({', '.join(event.type.value for event in rollout.events)})"
