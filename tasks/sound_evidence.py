"""Gather the evidence of a rollout and hold it against its suite, before anybody judges on it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from blocks.errors import BackendError
from blocks.platform import Platform
from tasks.evidence import Evidence, gather_all
from tasks.gates import GateFailed, ask, data_gate
from tasks.judgement.ledger import Ledger
from tasks.rollout.fold import Rollout
from tasks.rollout.stage import SERVING
from tasks.step import step

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Gathered:
    """The evidence of one look, or why there is none that may be judged: it could not be read, or it is not sound.

    evidence: of every standing challenger against the champion, by version.
    """

    evidence: dict[str, Evidence] | None
    problem: str = ""


def frame_of(ledger: Ledger) -> pd.DataFrame:
    """Return the rows of a ledger as its suite reads them: unit, night, p_old, p_new, y."""
    import pandas as pd

    nights = [ledger.nights[place] for place in ledger.night]
    columns = {"p_old": ledger.p_old, "p_new": ledger.p_new, "y": ledger.y}
    return pd.DataFrame({"unit": ledger.unit, "night": nights, **columns})


def gathered(platform: Platform, rollout: Rollout, now: datetime) -> Gathered:
    """Return the evidence of a rollout if its gate lets it pass; a ledger without a result has nothing to be wrong."""
    gate = data_gate(rollout.plan.policy, "evidence")
    try:
        evidence = gather_all(platform.store, rollout, now)
        for ledger in (one.ledger for one in evidence.values()):
            if len(ledger.y) and rollout.plan.policy.task == "probability":
                ask(platform, gate, frame_of(ledger))
    except (BackendError, GateFailed) as error:
        return Gathered(None, str(error))
    return Gathered(evidence)


@step("gate the evidence", retries=0, shown_as="gate evidence")
def gate_evidence(platform: Platform, rollout: Rollout | None, now: datetime) -> Gathered | None:
    """Read sealed forecasts and results since a rollout started, and hold them against their suite.

    None where there is nothing to compare. Evidence that is not sound is judged by nobody: the look is an error.
    """
    if rollout is None or rollout.plan.first or not (rollout.stage in SERVING or rollout.labels):
        return None
    return gathered(platform, rollout, now) if rollout.live else _stood_on(platform, rollout, now)


def _stood_on(platform: Platform, rollout: Rollout, now: datetime) -> Gathered:
    """Return what the last verdict of an ended rollout stood on, as it reads now; whatever it says, nothing moves."""
    try:
        return Gathered(gather_all(platform.store, rollout, now))
    except BackendError as error:
        return Gathered(None, str(error))
