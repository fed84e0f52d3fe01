"""Train on what is known by now, then release what came out."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from prefect import flow

from blocks.platform import Platform
from flows.release import release
from tasks.clock import moment
from tasks.gates import data_gate, must_pass
from tasks.records import read_policy_of
from tasks.registry import Window, compute_training_frame, log_model, read_history, train_model


@flow(name="retrain", flow_run_name="retrain {model} {kind}")
def retrain(
    model: str = "nba-win",
    platform: str = "local",
    kind: Literal["logistic", "boosting"] = "logistic",
    seasons: int = 6,
    holdout: int = 300,
    seed: int = 0,
    now: datetime | None = None,
    by: str = "schedule",
) -> dict[str, object]:
    """Train a model on the games that are over by now and release it.

    Args:
        model: The registered model to release under.
        platform: The saved platform to work on.
        kind: Which model to train: logistic regression, or calibrated boosted trees.
        seasons: How many past seasons to learn from.
        holdout: The newest games that are kept from training, for the comparison with the champion.
        seed: Seed of the training; the same data and seed give the same model.
        now: The time up to which games are known, with its timezone; the present when empty.
        by: Who or what asked for it.
    """
    world, at = Platform.open(platform), moment(now)
    policy = read_policy_of(world, model)
    games = must_pass(world, data_gate(policy, "training"), read_history(world, at))
    frame = must_pass(world, data_gate(policy, "features"), compute_training_frame(games.frame)).frame
    trained = train_model(frame, model, kind, Window(seasons, holdout), seed)
    return release(log_model(world, model, trained), model, platform, at, by)
