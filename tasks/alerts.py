"""Tell people: every event of the log at least once, with what it means and what comes next."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from blocks.errors import Unavailable
from blocks.log.rollouts import Record
from blocks.platform import Platform
from blocks.registry import Registry
from tasks.monitoring import Finding, Watched
from tasks.records import rollout_of
from tasks.rollout.event import Event
from tasks.rollout.fold import Rollout
from tasks.rollout.policy import Policy
from tasks.showing import emit, warn
from tasks.status import next_look
from tasks.step import step


def notice_of(rollout: Rollout, event: Event) -> dict[str, object]:
    """Return the notice of one event; `key` is the same for every repeat."""
    plan = rollout.plan
    return {
        "key": f"{rollout.run_id}:{event.n}",
        "run_id": rollout.run_id,
        "n": event.n,
        "model": plan.model,
        "from": plan.from_version,
        "to": plan.to_version,
        "type": event.type.value,
        "stage": event.stage.value,
        "weight": event.weight,
        "held": event.held.value if event.held else None,
        "reason": event.reason.value if event.reason else None,
        "why": event.why,
        "figures": event.detail,
        "at": event.at,
        "by": event.by,
        "next": next_look(rollout),
    }


def unsent(registry: Registry, model: str) -> list[tuple[Record, list[int]]]:
    """Return the rollouts with events that nobody was told of, oldest first, and those events' numbers.

    The walk back ends at the first earlier rollout whose notices are all sent.
    """
    order = registry.log.order(model)
    found = []
    for number in range(len(order), 0, -1):
        record = registry.log.read(order[number - 1], number)
        missing = [n for n in range(1, len(record.events) + 1) if f"n/{n:04d}" not in record.tags]
        if not missing and number < len(order):
            break
        found.append((record, missing))
    return found[::-1]


def send_all(platform: Platform, model: str) -> list[dict[str, object]]:
    """Send every unsent notice in order and mark it sent afterwards, so that a crash repeats rather than loses it."""
    sent = []
    for record, missing in unsent(platform.registry, model):
        rollout = rollout_of(record)
        for n in missing:
            notice = notice_of(rollout, rollout.events[n - 1])
            platform.notifier.send(notice)
            platform.registry.log.tag(record.run_id, {f"n/{n:04d}": str(notice["at"])})
            sent.append(notice)
    return sent


@step("announce what happened", retries=0)
def announce(platform: Platform, model: str) -> int:
    """Send the notices that are due; those that a receiver did not take are sent by a later tick."""
    try:
        sent = send_all(platform, model)
    except Unavailable as error:
        warn(str(error))
        return 0
    for notice in sent:
        emit(f"gamenight.rollout.{notice['type']}", model, notice)
    return len(sent)


SEVERITY = {
    "feature_drift": "WARNING",
    "prediction_drift": "WARNING",
    "labels_late": "CRITICAL",
    "performance_degradation": "CRITICAL",
}


def changes(
    seen: Watched, standing: Sequence[dict[str, object]], policy: Policy, now: datetime
) -> list[dict[str, object]]:
    """Return the alerts to save: new ones, those that go on, and those whose cause is gone.

    One alert per version, type and subject while it lasts; one that comes back later is a new alert.
    """
    found = {(one.type, one.subject): one for one in seen.findings}
    open_now = {(str(one["type"]), str(one["subject"])): one for one in standing}
    kept = [one | {"updated_at": now, "says": found[name].says} for name, one in open_now.items() if name in found]
    gone = [one | {"state": "resolved", "resolved_at": now} for name, one in open_now.items() if name not in found]
    return [_opened(seen, one, policy, now) for name, one in found.items() if name not in open_now] + kept + gone


def _opened(seen: Watched, finding: Finding, policy: Policy, now: datetime) -> dict[str, object]:
    return {
        "key": f"{policy.model}:{seen.version}:{finding.type}:{finding.subject}:{now.isoformat()}",
        "model": policy.model,
        "version": seen.version,
        "type": finding.type,
        "subject": finding.subject,
        "severity": policy.alerts.rules.get(finding.type, SEVERITY.get(finding.type, "WARNING")),
        "state": "open",
        "opened_at": now,
        "says": finding.says,
    }


@step("raise alerts")
def raise_alerts(
    platform: Platform, model: str, seen: Watched | None, policy: Policy, now: datetime
) -> list[dict[str, object]]:
    """Open, go on with and resolve alerts; send the new ones, and return them."""
    if seen is None:
        return []
    rows = platform.store.alerts(model, open_only=True).to_dict("records")
    standing = [{**row["body"], "state": row["state"]} for row in rows if row["version"] == seen.version]
    opened = []
    for alert in changes(seen, standing, policy, now):
        platform.store.save_alert(alert)
        if alert["state"] == "open" and alert["opened_at"] == now:
            platform.notifier.send(alert)
            emit(f"gamenight.alert.{str(alert['severity']).lower()}", model, {**alert, "opened_at": now.isoformat()})
            opened.append(alert)
    return opened
