"""Latency: does a version answer within its budget of time and memory?"""

from __future__ import annotations

from dataclasses import asdict, dataclass

from tasks.proving.limits import LatencyLimits
from tasks.rollout.candidate import Gate
from tasks.rollout.verdict import Verdict

NAME = "latency"


@dataclass(frozen=True, slots=True)
class Cost:
    """What answering cost: milliseconds for one row and for a thousand, medians; megabytes at the peak of a call."""

    row_ms: float
    thousand_ms: float
    memory_mb: float


def latency(cost: Cost, limits: LatencyLimits) -> Gate:
    """Return FAIL where a cost is over its budget. What was measured is in `detail`, because it varies.

    >>> latency(Cost(2.0, 9.0, 1.0), LatencyLimits()).verdict
    <Verdict.PASS: 'PASS'>
    """
    asked = {
        "row_ms": (cost.row_ms, limits.row_ms, "ms a row"),
        "thousand_ms": (cost.thousand_ms, limits.thousand_ms, "ms a thousand rows"),
        "memory_mb": (cost.memory_mb, limits.memory_mb, "MB"),
    }
    over = [f"{found:.1f} {unit}, {limit:g} are allowed" for found, limit, unit in asked.values() if found > limit]
    if over:
        why = f"{'; '.join(over)}: make it smaller, or raise the budget in gates.yaml, latency"
        return Gate(NAME, Verdict.FAIL, why, detail=asdict(cost))
    said = " and ".join(f"{limit:g} {unit}" for _, limit, unit in asked.values())
    return Gate(NAME, Verdict.PASS, f"within {said}", detail=asdict(cost))
