"""Like with like: a window is compared with the same phase of the training seasons."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from tasks.drift.columns import read
from tasks.drift.design import DESIGN_UNKNOWN, Look, design_of
from tasks.drift.phases import PhasedProfile, phased_profile
from tasks.drift.profile import Profile, profile, profile_column
from tasks.drift.reference import for_window, reference_from_dict
from tasks.drift.report import compare
from tasks.rollout.refusal import BadInput


def seasons(count: int, rows: int = 1000, seed: int = 0, spread: float = 0.0) -> pd.DataFrame:
    """Return seasons in which `growing` follows the phase and `level` has a mean of its own each season."""
    rng = np.random.default_rng(seed)
    parts = []
    for season in range(count):
        phase = np.arange(rows) * 80 / rows
        growing, level = phase + rng.normal(0, 3, rows), rng.normal(rng.normal(0, spread), 1, rows)
        team = rng.choice(["BOS", "LAL", "NYK"], rows)
        parts.append(pd.DataFrame({"growing": growing, "level": level, "team": team, "phase": phase, "season": season}))
    return pd.concat(parts, ignore_index=True)


INPUTS = ["growing", "level", "team"]


def reference_of(frame: pd.DataFrame) -> PhasedProfile:
    return phased_profile(frame[INPUTS], frame["phase"].to_numpy(), frame["season"].to_numpy())


PAST = seasons(4)
NEXT = seasons(1, seed=9)


@pytest.mark.parametrize("start", [0, 300, 900])
def test_what_grows_with_the_season_drifts_against_the_whole_and_not_against_its_phase(start: int) -> None:
    window = NEXT.iloc[start : start + 100]
    assert "growing" in compare(profile(PAST[INPUTS]), window[INPUTS]).drifted
    assert compare(reference_of(PAST).matched(window["phase"].to_numpy()), window[INPUTS]).drifted == ()


def test_what_comes_too_early_drifts_against_its_phase() -> None:
    window = NEXT.iloc[300:400].assign(growing=lambda frame: frame["growing"] + 20)
    assert compare(reference_of(PAST).matched(window["phase"].to_numpy()), window[INPUTS]).drifted == ("growing",)


def test_the_matched_rows_have_the_windows_phases() -> None:
    matched = reference_of(PAST).matched([10.5] * 30 + [20.0] * 10)
    sample = matched.columns["growing"].sample
    expected = (30 * 10.5 + 10 * 20.5) / 40
    assert abs(sample.mean() - expected) < 1.0


def test_a_phase_that_training_never_saw_takes_the_nearest() -> None:
    matched = reference_of(PAST).matched([95.0] * 40)
    assert matched.columns["growing"].sample.mean() == pytest.approx(79.5, abs=1.0)


def test_a_window_without_rows_is_refused() -> None:
    with pytest.raises(BadInput, match="without rows"):
        reference_of(PAST).matched([])


def test_lengths_that_disagree_are_refused() -> None:
    with pytest.raises(BadInput, match="as many phases"):
        phased_profile(PAST[INPUTS], np.arange(3.0), PAST["season"].to_numpy())


def test_missing_values_of_a_phase_stay_missing() -> None:
    frame = pd.DataFrame({"x": [np.nan, 1.0] * 100})
    matched = phased_profile(frame, np.zeros(200), np.repeat([1, 2], 100)).matched([0.0] * 50)
    assert matched.columns["x"].missing / matched.columns["x"].rows == pytest.approx(0.5)


def test_a_reference_by_phase_survives_being_stored() -> None:
    frame = PAST.assign(wild=np.where(PAST.index % 50 == 0, np.inf, PAST["level"]))
    made = phased_profile(frame[[*INPUTS, "wild"]], frame["phase"].to_numpy(), frame["season"].to_numpy())
    again = reference_from_dict(json.loads(json.dumps(made.to_dict(), allow_nan=False)))
    assert isinstance(again, PhasedProfile)
    window = frame.iloc[200:300]
    phases = window["phase"].to_numpy()
    reports = [compare(for_window(one, phases), window[[*INPUTS, "wild"]]).to_dict() for one in (made, again)]
    assert reports[0] == reports[1]


def test_a_reference_by_phase_needs_the_phases_and_a_plain_one_does_not() -> None:
    with pytest.raises(BadInput, match="in which phase"):
        for_window(reference_of(PAST), None)
    plain = profile(PAST[INPUTS])
    assert for_window(plain, [1.0]) is plain
    assert isinstance(reference_from_dict(plain.to_dict()), Profile)


def test_independent_rows_have_no_design_effect_and_seasons_of_their_own_have_one() -> None:
    assert reference_of(PAST).design["level"] < 1.3
    assert reference_of(seasons(4, spread=0.5)).design["level"] > 3.0


def test_a_level_that_differs_every_season_is_not_news() -> None:
    reference, current = reference_of(seasons(6, spread=0.5, seed=2)), seasons(1, spread=0.0, seed=5)
    window = current.iloc[500:600].assign(level=lambda frame: frame["level"] + 0.6)
    phases = window["phase"].to_numpy()
    assert "level" not in compare(reference.matched(phases), window[INPUTS]).drifted
    assert "level" in compare(reference_of(PAST).matched(phases), window[INPUTS]).drifted


def test_the_reference_never_accuses_itself() -> None:
    rng = np.random.default_rng(0)
    reference = profile_column(read(pd.Series(np.repeat([0.0, 1.0], [990, 10]))))
    calm = [Look(reference, read(pd.Series((rng.random(100) < 0.01).astype(float)))) for _ in range(30)]
    burst = Look(reference, read(pd.Series(np.repeat([0.0, 1.0], [80, 20]))))
    assert design_of([*calm, burst]) > 5 * design_of(calm)


def test_one_season_cannot_measure_itself_and_is_taken_with_caution() -> None:
    assert set(reference_of(seasons(1)).design.values()) == {DESIGN_UNKNOWN}
