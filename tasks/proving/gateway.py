"""Gateway: does a version answer through the gateway, at weight 0, as it does in the batch?"""

from __future__ import annotations

import numpy as np

from tasks.proving.answers import widest_gap
from tasks.proving.limits import GatewayLimits
from tasks.rollout.candidate import Gate
from tasks.rollout.verdict import Verdict

NAME = "gateway"


def gateway(answered: np.ndarray, batch: np.ndarray, limits: GatewayLimits) -> Gate:
    """Return FAIL where the gateway's answers lie farther from the batch's than allowed; shape (n,) each.

    >>> gateway(np.array([0.5]), np.array([0.5]), GatewayLimits()).verdict
    <Verdict.PASS: 'PASS'>
    """
    gap = widest_gap(answered, batch)
    figures = {"rows": float(len(batch)), "largest_gap": min(gap, 1.0)}
    if gap > limits.tolerance:
        said = f"its answers in the gateway and in the batch differ by up to {gap:.2g}, {limits.tolerance:g} is allowed"
        return Gate(NAME, Verdict.FAIL, f"{said}: compare what both load and what each does to a row", figures)
    return Gate(NAME, Verdict.PASS, f"answers {len(batch)} real rows in the gateway as it does in the batch", figures)


def not_answered(why: str) -> Gate:
    """Return the FAIL of a version that the gateway cannot serve."""
    return Gate(NAME, Verdict.FAIL, f"the gateway cannot serve it: {why}")


def not_asked(why: str, limits: GatewayLimits) -> Gate:
    """Return what the gate says where no gateway could be asked: a version waits for it only where that is required."""
    if limits.required:
        remedy = "start one, or set gateway.required to false in gates.yaml"
        return Gate(NAME, Verdict.WAIT, f"not asked, though it is required: {why}; {remedy}")
    return Gate(NAME, Verdict.PASS, f"not asked: {why}")
