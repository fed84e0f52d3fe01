"""Tell people: every event of the log at least once, with what it means and what comes next."""

from __future__ import annotations

from datetime import datetime

from blocks.errors import Unavailable
from blocks.log.rollouts import Record
from blocks.platform import Platform
from blocks.registry import Registry
from tasks.alerting.alert import Alert
from tasks.alerting.decide import Change, Examined, decide
from tasks.alerting.rules import rules_of
from tasks.catalogue import alert_of_refused_files
from tasks.monitoring import Watched
from tasks.planning import next_look
from tasks.records import rollout_of
from tasks.rollout.event import Event
from tasks.rollout.fold import Rollout
from tasks.rollout.policy import Policy
from tasks.showing import emit, warn
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


@step("ask the gateway for changed files")
def report_refused_files(platform: Platform, model: str, now: datetime) -> list[str]:
    """Open an alert for each version that the gateway refuses because its files are not the registered ones."""
    return alert_of_refused_files(platform, model, now)


@step("raise alerts")
def raise_alerts(
    platform: Platform, model: str, seen: Watched | None, policy: Policy, now: datetime
) -> list[dict[str, object]]:
    """Open, go on with and resolve alerts; send what people must hear, and return the alerts that are new."""
    if seen is None:
        return []
    rows = platform.store.alerts(model, open_only=True).to_dict("records")
    standing = [Alert.from_dict(row["body"]) for row in rows]
    looked = Examined(model, seen.version, seen.signals)
    opened = []
    for change in decide([looked], standing, rules_of(policy.alerts.rules), now):
        alert = change.alert.to_dict()
        if change.notify:
            platform.notifier.send({**alert, "key": change.key})
        platform.store.save_alert(alert)
        if change.change is Change.OPENED:
            emit(
                f"gamenight.alert.{change.alert.severity.lower()}",
                model,
                {"key": change.key, "says": change.alert.says},
            )
            opened.append(alert)
    return opened
