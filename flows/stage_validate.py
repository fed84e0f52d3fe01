"""The gates of a version before any exposure: the data, the contract, the comparison on later games."""

from __future__ import annotations

from datetime import datetime

from prefect import flow

from blocks.platform import Platform
from tasks.clock import moment
from tasks.gates import data_gate, must_pass
from tasks.records import read_policy_of, read_rollout
from tasks.registry import compute_training_frame, read_history
from tasks.rollout.candidate import Candidate, Checked
from tasks.validating import check_contract, compare_on_holdout, record_validation


@flow(name="stage-validate", flow_run_name="validate {model} {version}")
def stage_validate(
    version: str, model: str = "nba-win", platform: str = "local", now: datetime | None = None
) -> Checked:
    """Check a version against everything that can be known before it serves. Bad data stops here, by name.

    Args:
        version: The version to check.
        model: The registered model.
        platform: The saved platform to work on.
        now: The time of the check, with its timezone; the present when empty.
    """
    world, at = Platform.open(platform), moment(now)
    candidate = Candidate(model, version, read_policy_of(world, model))
    games = must_pass(world, data_gate(candidate.policy, "training"), read_history(world, at))
    frame = must_pass(world, data_gate(candidate.policy, "features"), compute_training_frame(games.frame)).frame
    contract = check_contract(world, candidate, frame)
    holdout, q_bar = compare_on_holdout(world, candidate, read_rollout(world.registry, model), frame)
    return record_validation(world, candidate, (contract, holdout), q_bar)
