"""Read the log as an auditor: the chain of digests over the raw texts, the evidence they cite, the verdicts again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from blocks.errors import BackendError
from blocks.log.rollouts import Record
from tasks.evidence import ledger_from, records_of
from tasks.judgement.judge import judge
from tasks.rollout.canonical import digest
from tasks.rollout.event import Event, event_from_text
from tasks.rollout.fold import Rollout, apply
from tasks.rollout.plan import plan_from_text
from tasks.rollout.refusal import BadInput
from tasks.rollout.verdict import Verdict, worst
from tasks.streams import operations_of, streams_from

Fetch = Callable[[str, str], str]
"""From a run and a digest to the text of its evidence; raises NotFound or Unavailable."""

UNREADABLE = (ValueError, KeyError, TypeError)
"""What a text that somebody changed may raise when it is read: BadInput is a ValueError, JSON's error is another."""


@dataclass(frozen=True, slots=True)
class Audited:
    """A rollout as far as its log can be trusted; `complaint` names what cannot, and is empty for an intact log.

    rollout: the fold of the events before the complaint, None where not even the plan can be read.
    """

    run_id: str
    number: int
    rollout: Rollout | None
    complaint: str = ""


def audit(record: Record) -> Audited:
    """Check every raw text of a rollout against the digest that the next one cites, and fold what holds."""
    try:
        rollout = Rollout(record.run_id, plan_from_text(record.plan))
    except UNREADABLE as error:
        return Audited(record.run_id, record.number, None, f"the plan of {record.run_id} cannot be read: {error}")
    before = digest(record.plan)
    for number, text in enumerate(record.events, 1):
        try:
            rollout = apply(rollout, _cites(text, before))
        except UNREADABLE as error:
            where = f"event {number} of {record.run_id} is not what was written: {error}"
            return Audited(record.run_id, record.number, rollout, where)
        before = digest(text)
    return Audited(record.run_id, record.number, rollout, _lost(record))


def _cites(text: str, before: str) -> Event:
    event = event_from_text(text)
    if event.prev != before:
        raise BadInput("prev", "it does not cite the text before it as it stands now")
    if event.to_text() != text:
        raise BadInput("text", "it is not in the form in which events are written")
    return event


def _lost(record: Record) -> str:
    """Return the complaint about an event that was announced and is gone: nothing after it could cite it."""
    told = [int(tag.removeprefix("n/")) for tag in record.tags if tag.startswith("n/")]
    lost = max(told, default=0)
    if lost <= len(record.events):
        return ""
    return f"event {lost} of {record.run_id} was announced and is not in the log any more"


def cited(rollout: Rollout) -> Iterator[tuple[Event, str, str]]:
    """Yield every event that cites evidence, with the run that holds it and its digest."""
    checked = rollout.plan.validation
    for event in rollout.events:
        if event.evidence is not None:
            run_id = checked.run_id if event.evidence == checked.evidence else rollout.run_id
            yield event, run_id, event.evidence


def check_evidence(rollout: Rollout, fetch: Fetch) -> list[str]:
    """Return a complaint for every event whose evidence is missing or does not have the digest that it cites."""
    return _each(rollout, fetch, lambda event, text: "")


def recompute(rollout: Rollout, fetch: Fetch) -> list[str]:
    """Judge the evidence of every event again, from its artifact alone; return a complaint for every difference."""
    return _each(rollout, fetch, _judged_again)


def _each(rollout: Rollout, fetch: Fetch, question: Callable[[Event, str], str]) -> list[str]:
    complaints = []
    answered: dict[str, str] = {}
    for event, run_id, sha in cited(rollout):
        if sha not in answered:
            text = _fetched(fetch, run_id, sha)
            answered[sha] = text if text.startswith(COMPLAINT) else question(event, text)
        if answered[sha]:
            said = answered[sha].removeprefix(COMPLAINT)
            complaints.append(f"event {event.n} of {rollout.run_id} ({event.type}): {said}")
    return complaints


COMPLAINT = "\0"


def _fetched(fetch: Fetch, run_id: str, sha: str) -> str:
    try:
        text = fetch(run_id, sha)
    except BackendError as error:
        return f"{COMPLAINT}its evidence {sha[:12]} cannot be read: {error}"
    found = digest(text)
    return text if found == sha else f"{COMPLAINT}its evidence {sha[:12]} has the digest {found[:12]}: it was changed"


def _judged_again(event: Event, text: str) -> str:
    record = json.loads(text)
    if "gates" in record:
        return _differs({"verdict": worst(Verdict(gate["verdict"]) for gate in record["gates"]).value}, record)
    complaints = [_arm_again(event, arm) for arm in records_of(text)]
    return "; ".join(filter(None, complaints))


def _arm_again(event: Event, record: dict[str, Any]) -> str:
    ledger, rule = ledger_from(record)
    again = judge(ledger, rule, operations_of(streams_from(record)), tuple(filter(None, [record["resumed"]])))
    said: dict[str, object] = {"verdict": again.verdict.value, "reason": again.reason}
    last = again.looks[-1] if again.looks else None
    figures = {name: round(getattr(last, name), 4) for name in ("log_e_promote", "log_e_rollback")} if last else {}
    arms: Any = event.detail.get("arms", {})
    written = arms.get(record["to"], {}) if arms else event.detail
    return _differs(said, record) or _differs({k: v for k, v in figures.items() if k in written}, written)


def _differs(again: dict[str, object], recorded: dict[str, object]) -> str:
    wrong = [f"{name} is {value}, the record says {recorded[name]}" for name, value in again.items()
             if recorded[name] != value]  # fmt: skip
    return f"judged again, {'; '.join(wrong)}" if wrong else ""


def complaints_of(audited: Iterable[Audited]) -> list[str]:
    """Return what is wrong with the logs themselves, oldest first."""
    return [one.complaint for one in audited if one.complaint]
