"""How long a rollout still takes and when the next look can change something, for people."""

from __future__ import annotations

from tasks.evidence import rule_of
from tasks.judgement.planner import plan as plan_ahead
from tasks.rollout.fold import Rollout
from tasks.rollout.look import Look
from tasks.rollout.stage import SERVING
from tasks.showing import note
from tasks.step import step

GAMES_A_NIGHT = 7.5


def nights_left(rollout: Rollout, look: Look | None) -> dict[str, int] | None:
    """Return the planner's nights to a verdict for an equal challenger, less those that have closed."""
    if rollout.plan.first or rollout.stage not in SERVING:
        return None
    ahead = plan_ahead(rule_of(rollout.plan), GAMES_A_NIGHT)
    closed = len(look.closed) if look else 0
    return {"median": max(0, ahead.median_nights - closed), "p90": max(0, ahead.p90_nights - closed)}


def next_look(rollout: Rollout) -> str:
    """Return in words when the next look can change something."""
    if rollout.held:
        return f"held ({rollout.held}): a person resumes or aborts it, or it ends by itself when patience runs out"
    if rollout.stage in SERVING and rollout.events and rollout.events[-1].night:
        return f"when the first night after {rollout.events[-1].night} is closed"
    return "at the next tick" if rollout.live else "none: the rollout has ended"


@step("say how long it will take")
def foretell(rollout: Rollout) -> str:
    """Leave the planner's forecast for an equal challenger in the run's log, and return it."""
    if rollout.plan.first or not rollout.live:
        return ""
    said = plan_ahead(rule_of(rollout.plan), GAMES_A_NIGHT).says
    note(said)
    return said
