"""Play a past range of nights again: score, settle, look and monitor, each at its own time."""

from __future__ import annotations

from prefect import flow

from blocks.platform import Platform
from flows.canary_promote import canary_promote
from flows.monitor_and_alert import monitor_and_alert
from flows.score_slate import score_slate
from flows.settle import settle
from tasks.replaying import nights_between, sum_up, tell_night


@flow(name="replay", flow_run_name="replay {model} {since} to {until}")
def replay(
    since: str, until: str, model: str = "nba-win", platform: str = "local", ticks: bool = True
) -> dict[str, object]:
    """Fill a past range with forecasts and results as they would have been made. Stopped, it goes on where it was.

    Args:
        since: The first US/Eastern date.
        until: The last US/Eastern date.
        model: The registered model.
        platform: The saved platform to work on.
        ticks: Whether the rollout is looked at and the model monitored every morning too; else only score and settle.
    """
    world = Platform.open(platform)
    nights = nights_between(world, model, since, until)
    for number, night in enumerate(nights.ahead, 1):
        score_slate(model, platform, night.date, night.scored)
        settle(model, platform, night.morning)
        if ticks:
            canary_promote(model, platform, night.morning, "replay")
            monitor_and_alert(model, platform, night.morning)
        tell_night(nights, number, night)
    return sum_up(world, model, nights)
