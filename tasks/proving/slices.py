"""Slices: is a version proven worse in a part of the games, though not in all of them together?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from tasks.rollout.candidate import Gate
from tasks.rollout.verdict import Verdict

NAME = "slices"


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the holdout: its games, both mean losses, and the log evidence that the version is worse there."""

    name: str
    n: int
    mine: float
    theirs: float
    log_e: float


def slices(parts: Sequence[Part], alpha: float, fewest: int) -> Gate:
    """Return FAIL where the evidence of harm in a part crosses its boundary; parts below `fewest` games are only shown.

    The boundary is log(k / alpha) for k parts that are judged, so that all of them together raise a false alarm with
    probability at most alpha.
    """
    judged = [part for part in parts if part.n >= fewest]
    boundary = math.log(max(len(judged), 1) / alpha)
    worse = sorted((part for part in judged if part.log_e >= boundary), key=lambda part: -part.log_e)
    figures = {"parts": float(len(parts)), "judged": float(len(judged)), "boundary": boundary}
    figures["worst_log_e"] = max((part.log_e for part in judged), default=0.0)
    detail = {"parts": [asdict(part) for part in parts]}
    if not worse:
        said = f"not proven worse in any of {len(judged)} parts with {fewest} games or more"
        return Gate(NAME, Verdict.PASS, said, figures, detail=detail)
    first = worse[0]
    said = f"{first.name}: loss {first.mine:.3f} against {first.theirs:.3f} over {first.n} games"
    others = f" and {len(worse) - 1} more" if len(worse) > 1 else ""
    why = f"{said}, evidence {first.log_e:.1f} of {boundary:.1f}{others}: look at these games before you release it"
    return Gate(NAME, Verdict.FAIL, why, figures, detail=detail)
