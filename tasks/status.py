"""What serves, what is under way and why: the answer of `gamenight status` and the page in the Prefect UI."""

from __future__ import annotations

from datetime import datetime

from blocks.store import Store
from tasks.planning import next_look, nights_left
from tasks.rollout.event import Event
from tasks.rollout.fold import Rollout
from tasks.rollout.look import Look
from tasks.rollout.stage import SERVING
from tasks.rollout_page import page
from tasks.showing import key, leave_page
from tasks.step import step


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
