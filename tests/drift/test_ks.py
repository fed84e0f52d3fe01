"""The Kolmogorov-Smirnov distance and its p-value, against scipy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from tasks.drift.kolmogorov import closed_form_p, ks_p
from tasks.drift.ks import DIRECT_ROWS, dkw_band, ks_distance
from tasks.drift.paths import exact_p

SHAPES = {
    "continuous": lambda rng, n: rng.normal(size=n),
    "rounded": lambda rng, n: np.round(rng.normal(size=n), 1),
    "spike at zero": lambda rng, n: rng.exponential(size=n) * (rng.random(n) > 0.4),
    "integers": lambda rng, n: rng.integers(0, 40, n).astype(float),
    "heavy tails": lambda rng, n: rng.standard_cauchy(n),
    "one value": lambda rng, n: np.full(n, 3.0),
    "infinities": lambda rng, n: np.where(rng.random(n) < 0.1, np.inf, rng.normal(size=n)),
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("n", "m", "shift"), [(500, 300, 0.0), (30_000, 20_000, 0.0), (40_000, 70, 0.5)])
def test_the_distance_is_scipys_to_the_last_digits(shape: str, n: int, m: int, shift: float) -> None:
    rng = np.random.default_rng(7)
    x, y = np.sort(SHAPES[shape](rng, n)), np.sort(SHAPES[shape](rng, m) + shift)
    assert ks_distance(x, y) == pytest.approx(stats.ks_2samp(x, y, method="asymp").statistic, abs=1e-14)


small = arrays(np.float64, st.integers(1, 30), elements=st.integers(-4, 4).map(float))


@given(small, small)
def test_the_distance_is_scipys_for_any_ties(x: np.ndarray, y: np.ndarray) -> None:
    found = ks_distance(np.sort(x), np.sort(y))
    assert found == pytest.approx(stats.ks_2samp(x, y, method="asymp").statistic, abs=1e-14)


@given(st.integers(0, 2**32), st.integers(1, 6), st.sampled_from([0.0, 0.01, 0.3]))
def test_branch_and_bound_never_loses_the_maximum(seed: int, digits: int, shift: float) -> None:
    rng = np.random.default_rng(seed)
    x = np.sort(np.round(rng.normal(size=DIRECT_ROWS), digits))
    y = np.sort(np.round(rng.normal(shift, 1, size=DIRECT_ROWS // 3), digits))
    points = np.concatenate([x, y])
    gaps = np.searchsorted(x, points, side="right") / x.size - np.searchsorted(y, points, side="right") / y.size
    assert ks_distance(x, y) == np.abs(gaps).max()


@pytest.mark.parametrize(("n", "m"), [(3, 5), (7, 7), (40, 41), (90, 1230), (12, 300), (200, 800), (500, 500)])
def test_the_exact_p_value_is_scipys(n: int, m: int) -> None:
    rng = np.random.default_rng(n * m)
    for shift in (0.0, 0.3, 1.5):
        found = stats.ks_2samp(rng.normal(size=n), rng.normal(shift, 1, size=m), method="exact")
        assert exact_p(float(found.statistic), n, m) == pytest.approx(found.pvalue, rel=1e-9)


def test_small_exact_p_values_keep_their_digits() -> None:
    found = stats.ks_2samp(np.arange(250.0), np.arange(230.0) + 215, method="exact")
    assert found.pvalue < 1e-80
    assert exact_p(float(found.statistic), 250, 230) == pytest.approx(found.pvalue, rel=1e-9)


@pytest.mark.parametrize(("rows", "points"), [(1_000, 60), (5_000, 30), (50_000, 4)])
def test_the_closed_form_is_within_its_stated_error(rows: int, points: int) -> None:
    t = np.linspace(0.5, 5.0, points)
    scipys = stats.kstwo.sf(t / np.sqrt(rows), rows)
    ours = [closed_form_p(float(d), rows) for d in t / np.sqrt(rows)]
    assert ours == pytest.approx(scipys, rel=2e-5)


def test_the_method_is_said_and_changes_above_ten_thousand_rows() -> None:
    assert ks_p(0.02, 10_000, 10_000)[1] == "exact"
    p, method = ks_p(0.02, 10_000, 20_000)
    assert method == "closed_form"
    assert p == pytest.approx(stats.kstwo.sf(0.02, round(10_000 * 20_000 / 30_000)), rel=2e-5)


def test_a_small_window_is_exact_against_any_reference() -> None:
    p, method = ks_p(0.2, 90, 20_000)
    assert method == "exact"
    assert p == pytest.approx(stats.kstwo.sf(0.2, 90), rel=0.05)


def test_a_design_effect_makes_a_distance_worth_less() -> None:
    assert ks_p(0.2, 100, 100, design=2.0)[0] > ks_p(0.2, 100, 100)[0]


def test_no_distance_is_no_evidence() -> None:
    assert ks_p(0.0, 50, 60)[0] == ks_p(0.0, 50_000, 60_000)[0] == 1.0


def test_the_band_holds_the_true_gap() -> None:
    rng = np.random.default_rng(1)
    true = float(
        np.max(np.abs(stats.norm.cdf(np.linspace(-4, 4, 999)) - stats.norm.cdf(np.linspace(-4, 4, 999) - 0.3)))
    )
    gaps = [ks_distance(np.sort(rng.normal(size=200)), np.sort(rng.normal(0.3, 1, 200))) for _ in range(200)]
    assert np.mean(np.abs(np.array(gaps) - true) <= dkw_band(200, 200)) >= 0.95
