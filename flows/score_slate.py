"""Before tip-off: read the slate, gate it, lock its manifest, score with every arm, seal, publish."""

from __future__ import annotations

from datetime import datetime

from prefect import flow

from blocks.platform import Platform
from tasks.clock import moment, night_of
from tasks.gates import data_gate, must_pass, read_locked
from tasks.records import read_policy_of, read_rollout
from tasks.scoring import compute_features, lock_manifest, needs_a_champion, no_games, publish, read_slate, score, seal
from tasks.sifting import must_forecast


@flow(name="score-slate", flow_run_name="score {model} {date}")
def score_slate(
    model: str = "nba-win", platform: str = "local", date: str | None = None, now: datetime | None = None
) -> dict[str, object]:
    """Score the games of a night before they begin. Run again it adds nothing that stands already.

    Args:
        model: The registered model.
        platform: The saved platform to work on.
        date: The US/Eastern date of the slate; the date of `now` when empty.
        now: The time of the scoring, with its timezone; the present when empty.
    """
    world, at = Platform.open(platform), moment(now)
    policy = read_policy_of(world, model)
    rollout = needs_a_champion(read_rollout(world.registry, model), model)
    slate = read_slate(world, date or night_of(at), at)
    if not len(slate.games):
        return no_games(slate)
    locked = read_locked(world, model, [slate.date])
    passed = must_pass(world, data_gate(policy, "slates"), slate.games, locked)
    slate = slate.keep(passed.frame, passed.why)
    manifest = lock_manifest(world, rollout, slate, policy.slate, at)
    inputs = compute_features(world, slate, at)
    sifted = must_forecast(world, data_gate(policy, "predictions"), score(world, manifest, inputs, at))
    return publish(world, seal(world, slate.without(sifted.left_out), manifest, sifted.rows))
