"""Wasserstein, chi-square, missing shares and the correction for many tests, against scipy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from tasks.drift.chi2 import chi2_p, fisher_p, pooled
from tasks.drift.correction import adjusted
from tasks.drift.missing import missing
from tasks.drift.wasserstein import wasserstein


@pytest.mark.parametrize(("n", "m"), [(50, 50), (90, 1230), (1, 7), (100_000, 70_001), (140_000, 140_000)])
def test_the_distance_is_scipys(n: int, m: int) -> None:
    rng = np.random.default_rng(n)
    x, y = np.sort(rng.normal(size=n)), np.sort(rng.normal(0.4, 2, size=m))
    assert wasserstein(x, y) == pytest.approx(stats.wasserstein_distance(x, y), rel=1e-9)


def test_an_infinite_value_has_no_distance() -> None:
    assert wasserstein(np.array([0.0, 1.0]), np.array([0.0, np.inf])) is None


def test_a_well_filled_table_is_scipys_two_sample_test() -> None:
    table = np.array([[120, 300, 80], [40, 70, 25]])
    expected = stats.chi2_contingency(table, correction=False).pvalue
    assert chi2_p(table[0], table[1]) == pytest.approx(expected, rel=1e-12)


@given(st.integers(0, 60), st.integers(0, 60), st.integers(1, 60), st.integers(0, 60))
def test_the_exact_test_is_scipys(a: int, b: int, c: int, d: int) -> None:
    table = np.array([[a, b], [c, d]])
    if table.sum(axis=1).min() and table.sum(axis=0).min():
        assert fisher_p(table) == pytest.approx(stats.fisher_exact(table).pvalue, rel=1e-6)


def test_a_block_of_a_rare_level_is_seen_in_a_window_of_thirty() -> None:
    p = chi2_p(np.array([1230, 0]), np.array([0, 30]))
    assert p is not None
    assert p < 1e-40


def test_two_samples_of_one_law_alarm_as_often_as_stated() -> None:
    rng = np.random.default_rng(3)
    law = [0.5, 0.3, 0.15, 0.04, 0.01]
    found = [chi2_p(rng.multinomial(400, law), rng.multinomial(100, law)) or 0.0 for _ in range(2000)]
    assert 0.035 < np.mean(np.array(found) < 0.05) < 0.065


def test_rare_levels_are_pooled_until_they_can_be_tested() -> None:
    assert pooled(np.array([[500, 400, 3, 2, 1], [450, 430, 2, 4, 2]])).tolist() == [[6, 400, 500], [8, 430, 450]]
    assert pooled(np.array([[1000, 1], [90, 0]])).tolist() == [[1, 1000], [0, 90]]


def test_thirty_teams_that_play_thrice_each_are_still_tested() -> None:
    table = np.stack([np.full(30, 40), np.repeat([6, 0], 15)])
    p = chi2_p(table[0], table[1])
    assert p is not None
    assert p < 1e-6


def test_a_level_that_the_reference_never_had_is_not_pooled_away() -> None:
    p = chi2_p(np.array([600, 400, 0]), np.array([50, 0, 50]))
    assert p is not None
    assert p < 1e-40


def test_many_rare_levels_of_one_law_do_not_alarm() -> None:
    rng = np.random.default_rng(6)
    law = np.r_[np.full(5, 0.1), np.full(1000, 0.0005)]
    found = [chi2_p(rng.multinomial(1000, law), rng.multinomial(150, law)) or 0.0 for _ in range(300)]
    assert np.mean(np.array(found) < 0.05) < 0.08


def test_one_level_cannot_be_tested() -> None:
    assert chi2_p(np.array([10]), np.array([20])) is None


def test_a_design_effect_weakens_a_table_whatever_test_answers() -> None:
    filled, rare = (np.array([50, 50]), np.array([30, 70])), (np.array([500, 1]), np.array([40, 6]))
    for reference, current in (filled, rare):
        assert chi2_p(reference, current, design=2.0) > chi2_p(reference, current)  # type: ignore[operator]


def test_half_the_values_missing_is_evidence_and_none_missing_is_not_a_test() -> None:
    lost = missing((0, 200), (100, 200))
    assert (lost.reference, lost.current) == (0.0, 0.5)
    assert lost.p is not None
    assert lost.p < 1e-20
    assert missing((0, 200), (0, 90)).p is None


@given(st.lists(st.floats(0, 1), min_size=1, max_size=60))
def test_the_correction_is_scipys(p_values: list[float]) -> None:
    assert adjusted(p_values) == pytest.approx(stats.false_discovery_control(p_values).tolist(), abs=1e-15)
