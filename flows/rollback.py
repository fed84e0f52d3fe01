"""Back to safety: end a live rollout, or restore a version that has been champion before."""

from __future__ import annotations

from datetime import datetime

from prefect import flow

from blocks.platform import Platform
from flows.canary_promote import canary_promote
from tasks.acts import Act, go_back
from tasks.clock import moment


@flow(name="rollback", flow_run_name="roll back {model}")
def rollback(
    model: str = "nba-win",
    platform: str = "local",
    to: str | None = None,
    why: str = "asked for by hand",
    by: str = "schedule",
    now: datetime | None = None,
) -> dict[str, object]:
    """Take the newest version out of service. In force at the next read of every gateway and slate.

    Args:
        model: The registered model.
        platform: The saved platform to work on.
        to: A version that has been champion before; empty ends the live rollout, or goes back to the fallback.
        why: What people will read in the history.
        by: Who or what asked for it.
        now: The time of the act, with its timezone; the present when empty.
    """
    world, at = Platform.open(platform), moment(now)
    go_back(world, to, Act(model, by, at, why))
    return canary_promote(model, platform, at, by)
