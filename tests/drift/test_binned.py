"""Bins, PSI, KL and JS by their definitions, and what chance does to them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from tasks.drift.bins import counts_between, few_values, heavy_atoms, quantile_edges
from tasks.drift.divergence import js, kl_current_reference
from tasks.drift.psi import psi, psi_critical, psi_p

counts = st.lists(st.integers(0, 500), min_size=2, max_size=30).map(lambda found: np.array(found, dtype=np.int64))


def shares(found: np.ndarray) -> np.ndarray:
    return (found + 0.5) / (found + 0.5).sum()


def test_edges_are_numpys_deciles_without_repeats() -> None:
    values = np.sort(np.random.default_rng(0).normal(size=997))
    assert quantile_edges(values).tolist() == np.quantile(values, [k / 10 for k in range(1, 10)]).tolist()
    assert quantile_edges(np.array([0.0] * 95 + [1.0, 2.0, 3.0, 4.0, 5.0])).tolist() == [0.0]


def test_infinite_values_give_edges_and_never_nan() -> None:
    values = np.array([-np.inf] * 30 + list(range(40)) + [np.inf] * 30)
    assert not np.isnan(quantile_edges(values)).any()


def test_bins_are_closed_below_and_open_above() -> None:
    edges = np.array([0.0, 1.0])
    assert counts_between(np.array([-np.inf, -1.0, 0.0, 0.5, 1.0, np.inf]), edges).tolist() == [2, 2, 2]


def test_thirty_values_are_few_and_thirty_one_are_not() -> None:
    found = few_values(np.repeat(np.arange(30.0), 3))
    assert found is not None
    assert found[1].tolist() == [3] * 30
    assert few_values(np.arange(31.0)) is None


def test_only_values_heavier_than_a_bin_are_atoms() -> None:
    rng = np.random.default_rng(0)
    values = np.sort(np.concatenate([np.zeros(120), np.full(60, 5.0), rng.normal(size=820)]))
    assert heavy_atoms(values).tolist() == [0.0]


@given(counts, st.integers(0, 2**32))
def test_the_divergences_are_scipys_over_smoothed_shares(reference: np.ndarray, seed: int) -> None:
    current = np.random.default_rng(seed).integers(0, 300, reference.size)
    p, q = shares(reference), shares(current)
    assert kl_current_reference(reference, current) == pytest.approx(float(stats.entropy(q, p)), abs=1e-12)
    assert psi(reference, current) == pytest.approx(float(stats.entropy(q, p) + stats.entropy(p, q)), abs=1e-12)
    middle = (p + q) / 2
    halves = float(stats.entropy(p, middle) + stats.entropy(q, middle)) / 2
    assert js(reference, current) == pytest.approx(halves, abs=1e-12)


@given(counts)
def test_js_is_bounded_and_nothing_moves_from_itself(found: np.ndarray) -> None:
    assert psi(found, found) == kl_current_reference(found, found) == js(found, found) == 0.0
    assert js(found, found[::-1].copy()) <= np.log(2)


def test_kl_has_a_direction() -> None:
    assert kl_current_reference(np.array([90, 10]), np.array([50, 50])) == pytest.approx(0.4936, abs=1e-3)
    assert kl_current_reference(np.array([50, 50]), np.array([90, 10])) == pytest.approx(0.3594, abs=1e-3)


def test_a_psi_of_a_tenth_is_noise_at_a_hundred_rows_and_its_critical_value_is_not() -> None:
    rng = np.random.default_rng(0)
    found = []
    for _ in range(400):
        x, y = np.sort(rng.normal(size=100)), np.sort(rng.normal(size=100))
        edges = quantile_edges(x)
        found.append(psi(counts_between(x, edges), counts_between(y, edges)))
    assert np.mean(np.array(found) > 0.1) > 0.6
    critical = psi_critical(10, 100, 100)
    assert critical is not None
    assert np.mean(np.array(found) > critical) < 0.10


def test_the_p_value_of_the_critical_psi_is_its_level() -> None:
    critical = psi_critical(10, 500, 90, level=0.01, design=2.0)
    assert critical is not None
    assert psi_p(critical, 10, 500, 90, design=2.0) == pytest.approx(0.01)
    assert psi_critical(1, 500, 90) is None
