"""A test between several versions: the looks of all arms as one, each of them against the champion."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from tasks.rollout.look import Look
from tasks.rollout.verdict import Verdict


def combined(looks: Mapping[str, Look]) -> Look:
    """Return the look of a whole test; `looks` by version, in the order of the arms, at least one.

    Harm of one arm is told before anything else, and ends that arm alone while others stand. A hold of one holds all.
    The end comes with the last look: the passed arm with the least upper bound wins, or none does.

    >>> better = Look(Verdict.PASS, "fine", last=True, upper=0.004)
    >>> combined({"8": better, "9": replace(better, upper=0.009)}).arm
    '8'
    """
    curves = tuple(curve for look in looks.values() for curve in look.curves)
    return replace(_combined(looks), curves=curves)


def _combined(looks: Mapping[str, Look]) -> Look:
    if len(looks) == 1:
        return next(iter(looks.values()))
    for bad in (Verdict.FAIL, Verdict.ERROR):
        for version, look in looks.items():
            if look.verdict is bad:
                return _of(version, look)
    last = all(look.last for look in looks.values())
    passed = {version: look.upper for version, look in looks.items() if look.verdict is Verdict.PASS}
    held = [version for version, look in looks.items() if look.verdict is Verdict.HOLD]
    said = "; ".join(f"version {version}: {look.why}" for version, look in looks.items())
    first = next(iter(looks.values()))
    if held and (passed or not last):
        return _of(held[0], looks[held[0]])
    if not last:
        return replace(first, verdict=Verdict.WAIT, why=said, last=False)
    if not passed:
        return replace(first, verdict=Verdict.INCONCLUSIVE, why=f"no version wins: {said}")
    arm = min(sorted(passed), key=passed.__getitem__)
    return replace(_of(arm, looks[arm]), why=f"version {arm} wins: {said}")


def _of(version: str, look: Look) -> Look:
    return replace(look, arm=version, others=True, why=f"version {version}: {look.why}")
