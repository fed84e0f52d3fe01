"""Register a version, validate it, open its rollout, take the first step."""

from __future__ import annotations

from datetime import datetime

from prefect import flow

from blocks.platform import Platform
from flows.canary_promote import canary_promote
from flows.register import register
from flows.stage_validate import stage_validate
from tasks.clock import moment
from tasks.planning import foretell
from tasks.records import find_rivals, open_the_rollout, read_policy_of, rival, wish_for
from tasks.rollout.candidate import Candidate


@flow(name="release", flow_run_name="release {uri} as {model}")
def release(
    uri: str, model: str = "nba-win", platform: str = "local", now: datetime | None = None, by: str = "schedule"
) -> dict[str, object]:
    """Bring a model from its URI into a rollout; ticks carry it on from there. Asking again changes nothing.

    Args:
        uri: What log_model returned (models:/m-...), runs:/RUN/model, or a local folder with a file MLmodel.
        model: The registered model to release under.
        platform: The saved platform to work on.
        now: The time of the release, with its timezone; the present when empty.
        by: Who or what asked for it.
    """
    world, at = Platform.open(platform), moment(now)
    version = register(uri, model, platform, by)
    candidate = Candidate(model, version, read_policy_of(world, model))
    others = find_rivals(world.registry, candidate)
    checked = stage_validate(version, model, platform, at)
    rivals = tuple(rival(other, stage_validate(other, model, platform, at)) for other in others)
    rollout = open_the_rollout(world.registry, wish_for(candidate, checked, at, by, rivals))
    planned = foretell(rollout, checked)
    return canary_promote(model, platform, at, by) | {"plan": planned}
