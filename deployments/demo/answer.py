"""What the demo answers: one object for programs, one table for people."""

from __future__ import annotations

from typing import Any

from deployments.demo.story import Story
from deployments.stack.stack import Urls
from tasks.evidence import gather
from tasks.rollout.fold import Rollout
from tasks.rollout.stage import EventType


def answer_of(story: Story, urls: Urls) -> dict[str, Any]:
    """Return the demo's answer, read back from the log and the store."""
    rollouts = story.rollouts
    return {
        "model": story.model,
        "champion": rollouts[-1].champion,
        "rollouts": [_row(story, rollout) for rollout in rollouts if not rollout.plan.first],
        "slate": {"date": story.slate["slate"], "games": len(story.slate["games"])},
        "requests": dict(sorted(story.replay.requests.items())),
        "alerts": [{"type": alert["type"], "severity": alert["severity"]} for alert in story.replay.alerts],
        "urls": {"prefect": urls.prefect, "mlflow": urls.mlflow, "gateway": urls.gateway},
    }


def _row(story: Story, rollout: Rollout) -> dict[str, Any]:
    from datetime import datetime

    last = rollout.events[-1]
    evidence = gather(story.platform.store, rollout, datetime.fromisoformat(last.at))
    closed = [night for night in evidence.nights if night.closed]
    return {
        "challenger": rollout.plan.to_version,
        "stage": rollout.stage.value,
        "reason": rollout.reason.value if rollout.reason else last.why,
        "nights": len(closed),
        "games": sum(len(night.units) for night in closed),
        "games_served_by_challenger": len(story.served_by(rollout.plan.to_version)),
        "held": [str(event.held) for event in rollout.events if event.type is EventType.HOLD],
        "why": last.why,
    }


def table(answer: dict[str, Any]) -> str:
    """Return the table that ends the demo."""
    lines = [
        f"champion of {answer['model']}: version {answer['champion']}",
        "",
        f"{'challenger':12}{'end':14}{'nights':>7}{'games':>7}{'served':>8}  why",
    ]
    for row in answer["rollouts"]:
        held = f" (held: {', '.join(row['held'])})" if row["held"] else ""
        figures = f"{row['nights']:>7}{row['games']:>7}{row['games_served_by_challenger']:>8}"
        lines.append(f"version {row['challenger']:<4}{row['stage']:14}{figures}  {row['why']}{held}")
    alerts = ", ".join(f"{alert['type']} ({alert['severity']})" for alert in answer["alerts"]) or "none"
    slate, requests = answer["slate"], answer["requests"]
    answered = ", ".join(f"{count} by the {role}" for role, count in requests.items())
    lines += ["", f"alerts: {alerts}", f"tonight: {slate['games']} games of {slate['date']} scored"]
    lines += [f"gateway: {sum(requests.values())} requests answered, {answered}", ""]
    lines += [f"{name:8} {url}" for name, url in answer["urls"].items()]
    return "\n".join(lines)
