"""What a tick saw: the judge's verdict with all that the machine needs to decide the next event."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from tasks.rollout.stage import Held, Reason
from tasks.rollout.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Curve:
    """The evidence on one challenger after every look, in natural logarithms, with the games that it rests on."""

    version: str
    games: tuple[int, ...]
    promote: tuple[float, ...]
    rollback: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Look:
    """One look at a serving rollout.

    closed: dates of the closed nights since the start, ascending. rung: steps that the evidence allows.
    hold: the cause where the verdict is HOLD. harm: the end where it is FAIL. errors: ticks in a row that could not
    measure. last: no further look will come (n_max or the season's end). frozen: why no step up may be taken now.
    restated: corrected labels took back what the promotion stood on. figures: short values for the log and the notices.
    labels: digest of the labels that the last verdict stood on, as they are now; empty where there was none.
    arm: in a test between several, the version that the verdict is about; others: whether it is not the last arm.
    upper: upper bound of the loss difference at the newest look. curves: the evidence after every night, by challenger.
    report: what a rollout without exposure has found so far, in markdown.
    """

    verdict: Verdict
    why: str
    rung: int = 0
    closed: tuple[str, ...] = ()
    evidence: str | None = None
    hold: Held | None = None
    harm: Reason = Reason.FAILED
    errors: int = 0
    last: bool = False
    frozen: str = ""
    restated: bool = False
    labels: str = ""
    arm: str | None = None
    others: bool = False
    upper: float = math.inf
    curves: tuple[Curve, ...] = ()
    report: str = ""
    figures: dict[str, object] = field(default_factory=dict)

    @property
    def night(self) -> str | None:
        """Return the newest closed night, the watermark of the evidence."""
        return self.closed[-1] if self.closed else None

    def nights_after(self, night: str | None) -> int:
        """Return how many nights closed after the given one.

        >>> Look(Verdict.WAIT, "", closed=("2019-01-01", "2019-01-02")).nights_after("2019-01-01")
        1
        """
        return sum(1 for closed in self.closed if night is None or closed > night)
