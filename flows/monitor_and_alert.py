"""Inputs, predictions, quality: report, alert, and roll back where the evidence of harm says so."""

from __future__ import annotations

from datetime import datetime

from prefect import flow

from blocks.platform import Platform
from flows.rollback import rollback
from tasks.alerts import raise_alerts, report_refused_files
from tasks.clock import moment
from tasks.monitoring import gate_window, watch_model
from tasks.records import read_policy_of, read_rollout
from tasks.reporting import report


@flow(name="monitor-and-alert", flow_run_name="monitor {model}")
def monitor_and_alert(
    model: str = "nba-win", platform: str = "local", now: datetime | None = None
) -> dict[str, object]:
    """Look at what serves. Moved inputs raise an alert and never a rollback; proven decay restores the old champion.

    Args:
        model: The registered model.
        platform: The saved platform to work on.
        now: The time of the look, with its timezone; the present when empty.
    """
    world, at = Platform.open(platform), moment(now)
    policy = read_policy_of(world, model)
    rollout = read_rollout(world.registry, model)
    seen = watch_model(world, rollout, gate_window(world, rollout, policy, at), policy, at)
    report_refused_files(world, model, at)
    opened = raise_alerts(world, model, seen, policy, at)
    if seen is not None and seen.harm:
        rollback(model, platform, why=seen.harm, by="monitor", now=at)
    return report(world, model, seen, opened, at)
