"""The stored profile: compact, exact where it says so, thinned where it must be."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from tasks.drift.profile import Profile, profile
from tasks.drift.report import compare
from tasks.rollout.refusal import BadInput

RNG = np.random.default_rng(0)
FRAME = pd.DataFrame(
    {
        "elo": RNG.normal(1500, 100, 3000),
        "rest": RNG.integers(0, 8, 3000).astype(float),
        "team": RNG.choice(["BOS", "LAL"], 3000),
        "holes": np.where(RNG.random(3000) < 0.2, np.nan, 1.5),
        "wild": np.where(RNG.random(3000) < 0.2, -np.inf, RNG.normal(size=3000)),
        "empty": [None] * 3000,
        "flag": RNG.random(3000) < 0.5,
    }
)


def again(made: Profile, rows: int = 10_000) -> Profile:
    return Profile.from_dict(json.loads(json.dumps(made.to_dict(rows), allow_nan=False)))


def test_a_stored_profile_gives_the_same_report() -> None:
    made, window = profile(FRAME), FRAME.sample(200, random_state=1)
    assert compare(again(made), window).to_dict() == compare(made, window).to_dict()


def test_few_values_are_stored_as_counts_and_not_as_rows() -> None:
    stored = profile(FRAME).to_dict()["columns"]
    assert isinstance(stored, dict)
    assert "sample" not in stored["rest"]
    assert sum(stored["rest"]["level_counts"]) == 3000
    assert len(json.dumps(stored["rest"])) < 600


def test_a_thinned_sample_moves_a_distance_by_no_more_than_it_says() -> None:
    made, window = profile(FRAME[["elo"]]), FRAME[["elo"]].sample(300, random_state=2) + 30.0
    small = again(made, rows=500)
    error = small.columns["elo"].rank_error
    assert error == 0.001
    assert made.columns["elo"].rank_error == 0.0
    exact, thinned = (compare(one, window).columns["elo"].measured for one in (made, small))
    assert thinned.ks == pytest.approx(exact.ks, abs=error + 1e-12)
    assert (thinned.psi, thinned.missing) == (exact.psi, exact.missing)


def test_a_profile_of_another_format_is_refused() -> None:
    with pytest.raises(BadInput, match="format 1"):
        Profile.from_dict({"format": 99})
