"""Before tip-off: read the slate, gate it, lock its manifest, score with every arm, seal, publish."""

from __future__ import annotations

from datetime import datetime

from prefect import flow

from blocks.platform import Platform
from tasks.clock import moment, night_of
from tasks.gates import GateFailed, data_gate, must_pass, read_locked
from tasks.publishing import hold_slate, publish, what_stands
from tasks.records import read_policy_of, read_rollout
from tasks.scoring import compute_features, only_due, score, seal, set_aside
from tasks.sifting import must_forecast
from tasks.slates import due_games, lock_manifest, needs_a_champion, read_slate


@flow(name="score-slate", flow_run_name="score {model} {date}")
def score_slate(
    model: str = "nba-win", platform: str = "local", date: str | None = None, now: datetime | None = None
) -> dict[str, object]:
    """Score the games of a night before they begin. Run again it changes nothing that stands already.

    Args:
        model: The registered model.
        platform: The saved platform to work on.
        date: The US/Eastern date of the slate, scored at once; when empty, those of today's games that are due.
        now: The time of the scoring, with its timezone; the present when empty.
    """
    world, at = Platform.open(platform), moment(now)
    policy = read_policy_of(world, model)
    rollout = needs_a_champion(read_rollout(world.registry, model), model)
    slate = read_slate(world, date or night_of(at), at)
    wanted = slate if date else due_games(world, model, slate, policy.slate, at)
    if not len(wanted.games):
        return what_stands(world, model, slate, at)
    try:
        locked = read_locked(world, model, [slate.date])
        passed = must_pass(world, data_gate(policy, "slates"), slate.games, locked)
        slate, inputs = set_aside(slate.keep(passed.frame, passed.why), compute_features(world, slate, at))
        if not len(slate.games):
            return what_stands(world, model, slate, at)
        manifest = lock_manifest(world, rollout, slate, policy.slate, at)
        rows = score(world, manifest, only_due(inputs, wanted), at)
        sifted = must_forecast(world, data_gate(policy, "predictions"), rows)
    except GateFailed as failed:
        raise hold_slate(world, model, slate, failed, at) from failed
    return publish(world, slate, seal(world, slate, manifest, rows, sifted.rows), at)
