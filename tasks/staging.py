"""The last gate before a rollout: the version itself, loaded by the gateway that would serve it, at weight 0."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from blocks.errors import NotFound, Refused, Unavailable
from blocks.platform import Platform
from tasks.proving.gateway import NAME, gateway, not_answered, not_asked
from tasks.rollout.candidate import Gate
from tasks.step import step
from tasks.trials import Trial

if TYPE_CHECKING:
    import pandas as pd


def through_the_gateway(platform: Platform, trial: Trial) -> Gate:
    """Ask the newest real rows through the gateway, and hold its answers against the batch's."""
    limits = trial.limits.gateway
    if platform.gateway is None:
        return not_asked("the platform has no gateway", limits)
    if platform.gateway.token is None:
        return not_asked("the platform has no operator's token for its gateway", limits)
    rows = trial.inputs.tail(limits.rows)
    try:
        answered = platform.gateway.try_version(trial.candidate.version, records_of(rows))
    except Unavailable as away:
        return not_asked(f"no gateway answers: {away}", limits)
    except (Refused, NotFound) as error:
        return not_answered(str(error))
    return gateway(np.asarray(answered), trial.predict(rows), limits)


def records_of(rows: pd.DataFrame) -> list[dict[str, object]]:
    """Return rows as a client would send them."""
    return [{str(name): value for name, value in row.items()} for row in rows.to_dict("records")]


@step("model gate: gateway", shown_as="gate gateway")
def try_in_gateway(platform: Platform, trial: Trial) -> Gate:
    """Have the gateway load the version and answer recent real rows, before any key is given to it."""
    found = through_the_gateway(platform, trial)
    return found.as_dry_run() if NAME in trial.candidate.policy.gates.dry_run else found
