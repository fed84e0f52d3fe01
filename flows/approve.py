"""A person's answer to a step that waits: the form in the Prefect UI, and `gamenight approve`."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from prefect import flow

from blocks.platform import Platform
from flows.canary_promote import canary_promote
from tasks.acts import Act, answer
from tasks.clock import moment


@flow(name="approve", flow_run_name="{answer_is} for {model}, step {step}, by {by}")
def approve(
    step: int,
    by: str,
    model: str = "nba-win",
    platform: str = "local",
    answer_is: Literal["yes", "no"] = "yes",
    now: datetime | None = None,
) -> dict[str, object]:
    """Let a step through, or decline it. The answer holds for this step, this plan and the evidence shown, and expires.

    Args:
        step: The step that waits, as the status shows it (the ladder counts from 0, the promotion is the last).
        by: Your name; the policy says who may answer.
        model: The registered model.
        platform: The saved platform to work on.
        answer_is: yes lets the step through, no sends the rollout back to the champion.
        now: The time of the answer, with its timezone; the present when empty.
    """
    world, at = Platform.open(platform), moment(now)
    answer(world, step, answer_is == "yes", Act(model, by, at, f"step {step}: {answer_is}, says {by}"))
    return canary_promote(model, platform, at, by)
