"""Replay a past season under a policy: what would this rollout have done?"""

from __future__ import annotations

from datetime import datetime

from prefect import flow

from blocks.platform import Platform
from tasks.clock import moment
from tasks.records import policy_from, read_policy_of
from tasks.registry import read_history
from tasks.rehearsing import Cast, keep, replay_season


@flow(name="rehearse", flow_run_name="rehearse {model} {season}")
def rehearse(
    season: int,
    model: str = "nba-win",
    platform: str = "local",
    champion: str = "champion",
    challenger: str = "latest",
    policy: str | None = None,
    now: datetime | None = None,
) -> dict[str, object]:
    """Judge two versions over the nights of a past season, as a rollout would have done night by night.

    Args:
        season: The year in which the season ends.
        model: The registered model.
        platform: The saved platform to work on.
        champion: The version to start from: a number or an alias.
        challenger: The version to try: a number, an alias or latest.
        policy: A policy file to try; the model's own when empty.
        now: The time up to which games are known, with its timezone; the present when empty.
    """
    world, at = Platform.open(platform), moment(now)
    rules = policy_from(policy) if policy else read_policy_of(world, model)
    old, new = world.registry.resolve(model, champion), world.registry.resolve(model, challenger)
    answer = replay_season(world, Cast(model, old, new, season), rules, read_history(world, at))
    return keep(world, answer)
