"""Replay past seasons under a policy: what would this rollout have done?"""

from __future__ import annotations

from datetime import datetime

from prefect import flow

from blocks.platform import Platform
from tasks.clock import moment
from tasks.records import policy_from, read_policy_of
from tasks.registry import read_history
from tasks.rehearsal import Table, casts_of
from tasks.rehearsing import keep, replay_seasons, replay_table


@flow(name="rehearse", flow_run_name="rehearse {model}")
def rehearse(
    seasons: list[int],
    model: str = "nba-win",
    platform: str = "local",
    champion: str = "champion",
    challenger: str = "latest",
    policy: str | None = None,
    table: Table | None = None,
    now: datetime | None = None,
) -> dict[str, object]:
    """Judge two forecasters over the nights of past seasons, as a rollout would have done night by night.

    Args:
        seasons: The years in which the seasons end.
        model: The registered model.
        platform: The saved platform to work on.
        champion: The version to start from: a number or an alias; of a table its column.
        challenger: The version to try: a number, an alias or latest; of a table its column.
        policy: A policy file to try; the model's own when empty.
        table: A file with two forecasters to judge instead of two versions.
        now: The time up to which games are known, with its timezone; the present when empty.
    """
    world, at = Platform.open(platform), moment(now)
    rules = policy_from(policy) if policy else read_policy_of(world, model)
    if table is not None:
        return keep(world, replay_table(table, casts_of(model, champion, challenger, seasons), rules))
    old, new = world.registry.resolve(model, champion), world.registry.resolve(model, challenger)
    return keep(world, replay_seasons(world, casts_of(model, old, new, seasons), rules, read_history(world, at)))
