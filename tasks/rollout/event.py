"""One entry of the log: what happened, why, on which evidence, and the routes in force after it."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields, replace

from tasks.rollout.canonical import canonical, digest
from tasks.rollout.refusal import BadInput
from tasks.rollout.stage import EventType, Held, Reason, Stage

LIMIT = 6000
"""Characters that a write-once param holds; MLflow cuts longer ones without a word."""


@dataclass(frozen=True, slots=True)
class Event:
    """An entry of the log. `n` counts from 1, `prev` is the digest of the text before it (of the plan for the first).

    stage, step, weight, held, routes: what holds after the event. night: the last closed night that it knew of.
    evidence: digest of the artifact `evidence/<digest>.json`. detail: figures for people, a few short values.
    """

    n: int
    type: EventType
    at: str
    by: str
    stage: Stage
    step: int
    weight: int
    held: Held | None
    reason: Reason | None
    why: str
    evidence: str | None
    night: str | None
    routes: dict[str, object]
    prev: str
    detail: dict[str, object]

    def to_text(self) -> str:
        """Return the canonical text; raise BadInput when it would not fit into a param."""
        text = canonical({name: getattr(self, name) for name in _FIELDS})
        if len(text) >= LIMIT:
            raise BadInput(
                "event", f"{self.type} would take {len(text)} characters, a record holds {LIMIT}; shorten `why`"
            )
        return text

    @property
    def sha(self) -> str:
        """Return the digest that the next event must carry as `prev`."""
        return digest(self.to_text())

    def says_the_same_as(self, other: Event) -> bool:
        """Return whether two events differ at most in when, by whom and after what they were written."""
        return _timeless(self) == _timeless(other)


_FIELDS = tuple(field.name for field in fields(Event))
"""The names once: asdict copies every value deeply, and a history has ten thousand events."""


def _timeless(event: Event) -> Event:
    return replace(event, at="", by="", prev="")


def event_from_text(text: str) -> Event:
    """Return the event of a param's text."""
    record = json.loads(text)
    return Event(
        **record
        | {
            "type": EventType(record["type"]),
            "stage": Stage(record["stage"]),
            "held": Held(record["held"]) if record["held"] else None,
            "reason": Reason(record["reason"]) if record["reason"] else None,
        }
    )
