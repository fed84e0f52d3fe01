"""The gateway's breakers as evidence: who was turned away from has failed where people were served."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from blocks.errors import BackendError
from blocks.platform import Platform
from tasks.rollout.fold import Rollout
from tasks.rollout.look import Look
from tasks.rollout.stage import Reason
from tasks.rollout.verdict import Verdict
from tasks.showing import warn

CLOSED = "closed"


def open_breakers(platform: Platform, rollout: Rollout) -> dict[str, str]:
    """Return the state of the breakers that are not closed, of the challengers that answer requests now, by version.

    A gateway that cannot be asked says nothing: each one turns away by itself, and the evidence of the nights stands.
    """
    serving = {arm.version for arm in rollout.routes.arms if arm.weight} & set(rollout.standing)
    if platform.gateway is None or not serving:
        return {}
    try:
        states = platform.gateway.breakers()
    except BackendError as error:
        warn(f"the breakers are not known: {error}")
        return {}
    return {version: state for version, state in sorted(states.items()) if version in serving and state != CLOSED}


def turned_away(rollout: Rollout, look: Look, breakers: Mapping[str, str]) -> Look:
    """Return the look with the verdict of the breakers: one that is open is harm, whatever the labels say by now."""
    if not breakers:
        return look
    version, state = next(iter(breakers.items()))
    why = f"the gateway's breaker of version {version} is {state.replace('_', '-')}: it failed requests it was given"
    several = len(rollout.standing) > 1
    return replace(look, verdict=Verdict.FAIL, why=why, harm=Reason.BREAKER, arm=version, others=several)
