"""Evidence, bounds, rungs, and the mean of e-values."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tasks.judgement.evidence import anytime_bounds, log_e_promote, log_level, log_mean_exp, prior, rungs


def test_the_promotion_prior_is_the_margin_over_the_mean_allowance_with_its_floor() -> None:
    assert prior(0.01, 0.004) == (2.5, 1.25)
    assert prior(0.01, 0.0) == prior(0.01, 1e-4) == (100.0, 50.0)


def test_promotion_evidence_falls_as_the_challenger_gets_worse() -> None:
    path = [float(log_e_promote(200, S, 0.6, 0.01, 0.003)) for S in (-1.0, 0.0, 1.0, 2.0, 3.0)]
    assert path == sorted(path, reverse=True)
    assert path[3] < 0 < path[1]


def test_the_bounds_hold_the_mean_and_narrow_with_units() -> None:
    n = np.array([10.0, 100.0, 1000.0])
    lower, upper = anytime_bounds(n, 0.002 * n, 0.003 * n, (math.log(10), math.log(20)), prior(0.01, 0.003))
    assert (lower < 0.002).all()
    assert (upper > 0.002).all()
    assert (np.diff(upper - lower) < 0).all()


def test_the_upper_bound_meets_the_margin_exactly_at_the_boundary() -> None:
    S = 0.0
    n = next(k for k in range(1, 2000) if log_e_promote(k, S, 0.003 * k, 0.01, 0.003) >= math.log(20))
    levels = (math.log(10), math.log(20))
    before, after = (
        anytime_bounds(np.array([k]), np.array([S]), np.array([0.003 * k]), levels, prior(0.01, 0.003))[1][0]
        for k in (float(n - 1), float(n))
    )
    assert after <= 0.01 < before


def test_rungs_are_equal_parts_of_the_log_evidence() -> None:
    level = math.log(20)
    best = np.array([-3.0, 0.0, level / 3 - 1e-9, level / 3, 0.7 * level, level, 9 * level])
    assert rungs(best, 3, level).tolist() == [0, 0, 0, 1, 2, 3, 3]


def test_the_weighted_mean_of_e_values_is_taken_in_logs() -> None:
    logs = np.array([[0.0, 1000.0], [2.0, 0.0]])
    assert log_mean_exp(logs, [3, 1]).tolist() == pytest.approx(
        [math.log(0.75 + 0.25 * math.e**2), 1000 + math.log(0.75)]
    )
    assert log_mean_exp(logs).tolist() == pytest.approx([math.log((1 + math.e**2) / 2), 1000 - math.log(2)])


def test_an_error_of_zero_is_a_boundary_never_reached() -> None:
    assert log_level(0.0) == math.inf
    assert log_level(0.05, arms=2) == pytest.approx(math.log(40))
