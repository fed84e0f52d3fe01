"""Acts outside a rollout, with who and when: freeze, kill switch, retirement, acknowledged alerts."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from enum import StrEnum

from tasks.rollout.canonical import canonical, digest
from tasks.rollout.refusal import BadInput


class OperationType(StrEnum):
    """What can be done to a model apart from its rollouts."""

    FREEZE = "freeze"
    UNFREEZE = "unfreeze"
    DISABLE = "disable"
    ENABLE = "enable"
    RETIRE = "retire"
    ACKNOWLEDGE = "acknowledge"


@dataclass(frozen=True, slots=True)
class Operation:
    """One act. subject: the version or alert it is about, or empty; until: ISO time, for a freeze."""

    n: int
    type: OperationType
    at: str
    by: str
    why: str
    subject: str
    until: str
    prev: str

    def to_text(self) -> str:
        """Return the canonical text of the act."""
        return canonical(asdict(self))


@dataclass(frozen=True, slots=True)
class Standing:
    """What holds after the acts: until when steps up are frozen, whether rollouts are off, which versions retired."""

    frozen_until: str = ""
    frozen_why: str = ""
    disabled: str = ""
    retired: frozenset[str] = frozenset()
    acknowledged: frozenset[str] = frozenset()
    count: int = 0
    tip: str = ""

    def stops_a_step(self, now: datetime) -> str:
        """Return why no step up may be taken now, or an empty text; a step back is never stopped."""
        if self.disabled:
            return f"rollouts are switched off: {self.disabled}"
        if self.frozen_until and now < datetime.fromisoformat(self.frozen_until):
            return f"frozen until {self.frozen_until}: {self.frozen_why}"
        return ""


def stand(texts: Iterable[str]) -> Standing:
    """Return what holds after the acts of a log; raise BadInput where a text was changed after it was written."""
    standing = Standing()
    for text in texts:
        record = json.loads(text)
        act = Operation(**record | {"type": OperationType(record["type"])})
        if act.n != standing.count + 1 or act.prev != standing.tip:
            raise BadInput(
                f"act {act.n}", "it does not cite the act before it: the log was changed after it was written"
            )
        standing = replace(_after(standing, act), count=act.n, tip=digest(text))
    return standing


def _after(standing: Standing, act: Operation) -> Standing:
    changes: dict[OperationType, Standing] = {
        OperationType.FREEZE: replace(standing, frozen_until=act.until, frozen_why=act.why),
        OperationType.UNFREEZE: replace(standing, frozen_until="", frozen_why=""),
        OperationType.DISABLE: replace(standing, disabled=f"{act.why} ({act.by}, {act.at})"),
        OperationType.ENABLE: replace(standing, disabled=""),
        OperationType.RETIRE: replace(standing, retired=standing.retired | {act.subject}),
        OperationType.ACKNOWLEDGE: replace(standing, acknowledged=standing.acknowledged | {act.subject}),
    }
    return changes[act.type]
