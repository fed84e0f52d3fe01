"""How long a rollout still takes and when the next look can change something, for people."""

from __future__ import annotations

from tasks.evidence import rule_of
from tasks.judgement.planner import plan as plan_ahead
from tasks.rollout.candidate import Checked
from tasks.rollout.fold import Rollout
from tasks.rollout.look import Look
from tasks.rollout.plan import Plan
from tasks.rollout.stage import SERVING
from tasks.showing import key, leave_page, note
from tasks.step import step
from tasks.streams import answers_needed

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


def forecast_of(plan: Plan, dispersion: float | None = None) -> str:
    """Return in words how long an equal challenger takes under a plan: games, nights, and answers where they count.

    dispersion: sum d^2 / sum q on the holdout, from which the cost of a bound on the outcome is told.
    """
    rule, policy = rule_of(plan), plan.policy
    said, operations = plan_ahead(rule, GAMES_A_NIGHT, dispersion).says, policy.operations
    if policy.outcome_range:
        low, high = policy.outcome_range
        unit, margin = ("points", high - low) if policy.loss == "absolute" else ("squared points", (high - low) ** 2)
        said += f"; outcomes lie within {low:g} and {high:g}, so the margin is {policy.margin * margin:g} {unit}"
    if operations.errors:
        n = answers_needed(operations.error_limit, rule.levels[1])
        said += (
            f"; and {n} online answers without an error to prove that errors stay below {operations.error_limit:.2%}"
        )
    return said


@step("say how long it will take")
def foretell(rollout: Rollout, checked: Checked | None = None) -> str:
    """Leave the planner's forecast for an equal challenger as a page and in the run's log, and return it."""
    if rollout.plan.first or not rollout.live:
        return ""
    figures = [gate.figures["dispersion"] for gate in checked.gates if "dispersion" in gate.figures] if checked else []
    bounded = rollout.plan.policy.task == "bounded"
    said = forecast_of(rollout.plan, figures[0] if figures and bounded else None)
    note(said)
    leave_page(key("plan", rollout.plan.model), f"# Version {rollout.challenger}: how long it will take\n{said}.")
    return said
