"""Tell people: every event of the log at least once, with what it means and what comes next."""

from __future__ import annotations

from prefect.events import emit_event
from prefect.logging import get_run_logger

from blocks.errors import Unavailable
from blocks.log.rollouts import Record
from blocks.platform import Platform
from blocks.registry import Registry
from tasks.records import rollout_of
from tasks.rollout.event import Event
from tasks.rollout.fold import Rollout
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
        get_run_logger().warning("%s", error)
        return 0
    for notice in sent:
        resource = {"prefect.resource.id": f"gamenight.model.{model}", "prefect.resource.name": model}
        emit_event(f"gamenight.rollout.{notice['type']}", resource=resource, payload=notice)
    return len(sent)
