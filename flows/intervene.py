"""A person steps in: hold, resume, abort, promote at once, freeze, switch off, retire; with a name and a reason."""

from __future__ import annotations

from datetime import datetime

from prefect import flow

from blocks.platform import Platform
from flows.canary_promote import canary_promote
from tasks.acts import Act
from tasks.clock import moment
from tasks.operations import Action, act_on


@flow(name="intervene", flow_run_name="{action} {model}, by {by}")
def intervene(
    action: Action,
    by: str,
    why: str,
    model: str = "nba-win",
    platform: str = "local",
    until: datetime | None = None,
    version: str | None = None,
    now: datetime | None = None,
) -> dict[str, object]:
    """Write an act of yours into the record and bring the world in line with it.

    Args:
        action: hold and resume a rollout, abort it (back to the champion), promote_now without proof (leaves its own
            mark), freeze and unfreeze steps up, disable and enable rollouts altogether, retire a version.
        by: Your name.
        why: Your reason; both stand in the history.
        model: The registered model.
        platform: The saved platform to work on.
        until: The end of a freeze, with its timezone.
        version: The version to retire, or the arm of a test between several to promote.
        now: The time of the act, with its timezone; the present when empty.
    """
    world, at = Platform.open(platform), moment(now)
    act_on(world, action, Act(model, by, at, why), until, version)
    return canary_promote(model, platform, at, by)
