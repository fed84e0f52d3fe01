"""One tick of a rollout: read, project, judge, append at most one event, project, announce."""

from __future__ import annotations

from datetime import datetime

from prefect import flow

from blocks.platform import Platform
from tasks.alerts import announce, report_refused_files
from tasks.clock import moment
from tasks.judging import look, move
from tasks.slates import revise_slates
from tasks.sound_evidence import gate_evidence
from tasks.status import show
from tasks.traffic import project
from tasks.turns import in_turn


@flow(name="canary-promote", flow_run_name="tick {model}")
def canary_promote(
    model: str = "nba-win", platform: str = "local", now: datetime | None = None, by: str = "schedule"
) -> dict[str, object]:
    """Look once at a model's rollout and move it by at most one step. Safe to run at any time, twice, or after a crash.

    Args:
        model: The registered model.
        platform: The saved platform to work on.
        now: The time of the look, with its timezone; the present when empty.
        by: Who or what asked for it.
    """
    world, at = Platform.open(platform), moment(now)
    with in_turn(model):
        rollout = project(world, model)
        seen = look(world, rollout, gate_evidence(world, rollout, at), at)
        rollout, event = move(world, rollout, seen, at, by)
        if event is not None:
            rollout = project(world, model)
        report_refused_files(world, model, at)
        revise_slates(world, rollout, at)
        announce(world, model)
        return show(model, rollout, seen, event, at)
