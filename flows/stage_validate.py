"""The gates of a version before any exposure: the data, then everything that can be asked of the version itself."""

from __future__ import annotations

from datetime import datetime

from prefect import flow

from blocks.platform import Platform
from tasks.clock import moment
from tasks.gates import data_gate, must_pass
from tasks.records import read_policy_of, read_rollout
from tasks.registry import compute_training_frame, read_history
from tasks.rollout.candidate import Candidate, Checked
from tasks.staging import try_in_gateway
from tasks.trials import prepare
from tasks.validating import check_contract, hold_against, others, record_validation


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
    policy = read_policy_of(world, model)
    candidate = Candidate(model, version, policy)
    games = must_pass(world, data_gate(policy, "training"), read_history(world, at), documented=True)
    features = compute_training_frame(games.frame)
    frame = must_pass(world, data_gate(policy, "features"), features, documented=True)
    trial = prepare(world, candidate, read_rollout(world.registry, model), (games, frame), at)
    later = must_pass(world, data_gate(policy, "holdout"), trial.held_out, documented=True)
    gates = [check_contract(trial)]
    for name in others(gates[0]):
        gates.append(hold_against(trial, name))
    if len(gates) > 1:
        gates.append(try_in_gateway(world, trial))
    return record_validation(world, candidate, gates, [games, frame, later])
