"""What a gate or a judge answers, and which answer wins."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from tasks.rollout.refusal import BadInput


class Verdict(StrEnum):
    """The six answers, worst first. Only PASS moves a rollout forward."""

    FAIL = "FAIL"
    ERROR = "ERROR"
    INCONCLUSIVE = "INCONCLUSIVE"
    HOLD = "HOLD"
    WAIT = "WAIT"
    PASS = "PASS"


_ORDER = {verdict: place for place, verdict in enumerate(Verdict)}


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the worst verdict; an empty list is a mistake in the configuration, never a pass.

    >>> worst([Verdict.PASS, Verdict.WAIT, Verdict.HOLD])
    <Verdict.HOLD: 'HOLD'>
    """
    found = list(verdicts)
    if not found:
        raise BadInput("gates", "the list of gates is empty, and no evidence is never a pass; name at least one gate")
    return min(found, key=_ORDER.__getitem__)
