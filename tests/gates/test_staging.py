"""A version is asked through the gateway before any exposure; where none is up, the gate says that it was not asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from pydantic import SecretStr

from blocks.errors import Refused, Unavailable
from blocks.gateway import Gateway
from blocks.platform import Platform
from tasks.nba.features import FEATURES
from tasks.proving.limits import Limits
from tasks.rollout.verdict import Verdict
from tasks.staging import try_in_gateway
from tasks.trials import Trial


class Told(Gateway):
    """A gateway that answers what it is told to, or breaks."""

    _block_type_slug = "told-gateway"

    off_by: float = 0.0
    breaks: Any = None
    predict_with: Any = None

    def try_version(self, version: str, rows: Sequence[Mapping[str, object]]) -> list[float]:
        """Answer as the batch does, off by a little."""
        import pandas as pd

        if self.breaks is not None:
            raise self.breaks
        return [float(p) + self.off_by for p in self.predict_with(pd.DataFrame(rows)[list(FEATURES)])]


def asked(platform: Platform, trial: Trial, **told: object) -> Any:
    gateway = Told(url="http://nowhere", token=SecretStr("t"), predict_with=trial.predict, **told)
    return try_in_gateway.fn(platform.model_copy(update={"gateway": gateway}), trial)


def test_a_gateway_that_answers_as_the_batch_does_lets_a_version_pass(platform: Platform, trial: Trial) -> None:
    found = asked(platform, trial)
    assert (found.verdict, found.figures["rows"]) == (Verdict.PASS, 20.0)


def test_a_gateway_that_answers_otherwise_or_cannot_serve_it_stops_it(platform: Platform, trial: Trial) -> None:
    off = asked(platform, trial, off_by=0.001)
    assert off.verdict is Verdict.FAIL
    assert "differ by up to 0.001" in off.why
    unserved = asked(platform, trial, breaks=Refused("Version 7 does not load: its digest is another."))
    assert unserved.verdict is Verdict.FAIL
    assert "its digest is another" in unserved.why


@pytest.mark.parametrize("required", [False, True])
def test_without_a_gateway_it_says_so_and_waits_only_where_the_owner_wants_it(
    platform: Platform, trial: Trial, required: bool
) -> None:
    limits = Limits.model_validate({"gateway": {"required": required}})
    made = replace(trial, limits=limits)
    for found in (try_in_gateway.fn(platform, made), asked(platform, made, breaks=Unavailable("no answer"))):
        assert found.verdict is (Verdict.WAIT if required else Verdict.PASS)
        assert found.why.startswith("not asked")
