"""What serves, what is under way and why: the answer of `gamenight status` and the page in the Prefect UI."""

from __future__ import annotations

from datetime import datetime

from blocks.store import Store
from tasks.evidence import rule_of
from tasks.judgement.planner import plan as plan_ahead
from tasks.rollout.event import Event
from tasks.rollout.fold import Rollout
from tasks.rollout.look import Look
from tasks.rollout.stage import SERVING
from tasks.showing import key, leave_page, note
from tasks.step import step

GAMES_A_NIGHT = 7.5


def status_of(model: str, rollout: Rollout | None, look: Look | None) -> dict[str, object]:
    """Return the status of a model: its versions by role, the live rollout or None, and the routes in force."""
    routes = rollout.routes if rollout else None
    live = rollout if rollout is not None and rollout.live else None
    return {
        "model": model,
        "champion": rollout.champion if rollout else None,
        "fallback": routes.fallback if routes else None,
        "challenger": live.challenger if live and live.champion != live.challenger else None,
        "rollout": _live(live, look) if live else None,
        "routes": routes.to_dict() if routes else {},
    }


def _live(rollout: Rollout, look: Look | None) -> dict[str, object]:
    figures = look.figures if look else (rollout.events[-1].detail if rollout.events else {})
    return {
        "run_id": rollout.run_id,
        "stage": rollout.stage.value,
        "step": rollout.step,
        "weight": rollout.weight,
        "held": rollout.held.value if rollout.held else None,
        "since": rollout.events[-1].at if rollout.events else rollout.plan.request.at,
        "n": figures.get("n", 0),
        "log_e_promote": figures.get("log_e_promote"),
        "log_e_rollback": figures.get("log_e_rollback"),
        "nights_left": nights_left(rollout, look),
        "next_look": next_look(rollout),
    }


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


def page(model: str, rollout: Rollout | None, look: Look | None) -> str:
    """Return the page of the Prefect UI in markdown."""
    if rollout is None:
        return f"# {model}\nNo version has been released yet."
    plan = rollout.plan
    lines = [
        f"# {model}: version {plan.to_version} is {rollout.stage.value}"
        + (f", held ({rollout.held})" if rollout.held else ""),
        f"{rollout.events[-1].why if rollout.events else 'nothing has happened yet'}.",
        "",
        "| version | role | percent of requests |",
        "| --- | --- | --- |",
        *(f"| {arm.version} | {arm.role} | {arm.weight} |" for arm in rollout.routes.arms),
        "",
        f"Next look: {next_look(rollout)}.",
    ]
    if look is not None:
        alpha, beta = rule_of(plan).levels
        lines += [
            "",
            "| evidence | now | boundary |",
            "| --- | --- | --- |",
            f"| for promotion | {look.figures.get('log_e_promote', '-')} | {beta:.2f} |",
            f"| for rollback | {look.figures.get('log_e_rollback', '-')} | {alpha:.2f} |",
            "",
            f"This look: **{look.verdict}**, {look.why}.",
        ]
    lines += ["", "| event | at | by | percent | why |", "| --- | --- | --- | --- | --- |"]
    lines += [f"| {e.type} | {e.at} | {e.by} | {e.weight} | {e.why} |" for e in reversed(rollout.events)]
    return "\n".join(lines)


@step("show where the rollout stands")
def show(
    model: str, rollout: Rollout | None, look: Look | None, event: Event | None, now: datetime
) -> dict[str, object]:
    """Leave one page per model in the Prefect UI and return the status with the event that was appended."""
    leave_page(key("rollout", model), page(model, rollout, look))
    return status_of(model, rollout, look) | {"event": event_row(rollout, event) if rollout and event else None}


def event_row(rollout: Rollout, event: Event) -> dict[str, object]:
    """Return an event as the history shows it."""
    return {
        "rollout": rollout.run_id,
        "n": event.n,
        "type": event.type.value,
        "at": event.at,
        "by": event.by,
        "from": rollout.plan.from_version,
        "to": rollout.plan.to_version,
        "weight": event.weight,
        "why": event.why,
        "evidence": event.evidence,
        "routes": event.routes,
    }


def current_status(store: Store, model: str, rollout: Rollout | None, now: datetime) -> dict[str, object]:
    """Return the status with figures computed now, without writing anything."""
    from tasks.judging import peek

    serving = rollout is not None and rollout.stage in SERVING and not rollout.plan.first
    return status_of(model, rollout, peek(store, rollout, now) if serving and rollout else None)


@step("say how long it will take")
def foretell(rollout: Rollout) -> str:
    """Leave the planner's forecast for an equal challenger in the run's log, and return it."""
    if rollout.plan.first or not rollout.live:
        return ""
    said = plan_ahead(rule_of(rollout.plan), GAMES_A_NIGHT).says
    note(said)
    return said
