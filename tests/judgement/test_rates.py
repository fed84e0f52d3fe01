"""Errors and slow requests: the formula, the two errors, bursts, limits, and the measured temper."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tasks.judgement.rates import below_limit_log_e, measured_temper, rate_log_e
from tasks.rollout.refusal import BadInput


def test_the_path_is_the_formula_of_the_page_window_by_window() -> None:
    x_c, n_c, x_b, n_b = [2, 0, 5], [50, 40, 60], [3, 9, 1], [950, 800, 900]
    want, logs = [], np.zeros(5)
    for a, b, c, d in zip(x_c, n_c, x_b, n_b, strict=True):
        for k, r in enumerate((1.25, 1.5, 2, 4, 8)):
            o0, ok = b / d, r * b / d
            logs[k] += 0.25 * (a * math.log(r) + (a + c) * (math.log(1 + o0) - math.log(1 + ok)))
        want.append(math.log(np.exp(logs).mean()))
    assert rate_log_e(x_c, n_c, x_b, n_b).tolist() == pytest.approx(want)


def test_windows_with_an_empty_arm_add_nothing() -> None:
    with_gaps = rate_log_e([3, 0, 2, 4], [50, 0, 40, 60], [1, 5, 0, 2], [500, 500, 0, 600])
    without = rate_log_e([3, 4], [50, 60], [1, 2], [500, 600])
    assert with_gaps[[0, 3]].tolist() == pytest.approx(without.tolist())
    assert with_gaps[0] == with_gaps[1] == with_gaps[2]


def test_no_windows_are_an_empty_path_and_no_errors_no_evidence() -> None:
    assert rate_log_e([], [], [], []).tolist() == []
    assert rate_log_e([0, 0], [10, 10], [0, 0], [90, 90]).tolist() == pytest.approx([0.0, 0.0], abs=1e-12)


def test_an_outage_common_to_both_arms_cancels() -> None:
    rng = np.random.default_rng(0)
    n_c, n_b = np.full(100, 50), np.full(100, 950)
    p = np.where(np.arange(100) % 10 == 0, 0.5, 0.001)
    fired = [
        rate_log_e(rng.binomial(n_c, p), n_c, rng.binomial(n_b, p), n_b).max() >= math.log(100) for _ in range(300)
    ]
    assert np.mean(fired) <= 0.01 + 3 * math.sqrt(0.01 / 300)


@pytest.mark.parametrize("burst", [4, 8])
def test_bursty_arms_stay_under_the_error_with_the_measured_temper(burst: int) -> None:
    rng = np.random.default_rng(burst)
    n_c, n_b = np.full(200, 100), np.full(200, 900)

    def arms() -> tuple[np.ndarray, np.ndarray]:
        return burst * rng.binomial(100 // burst, 0.01, 200), burst * rng.binomial(900 // burst, 0.01, 200)

    canary, baseline = arms()
    temper = measured_temper(canary, n_c, baseline, n_b)
    assert temper == pytest.approx(1 / burst, rel=0.5)
    paths = [rate_log_e(c, n_c, b, n_b, temper).max() for c, b in (arms() for _ in range(400))]
    naive = [rate_log_e(c, n_c, b, n_b, 1.0).max() for c, b in (arms() for _ in range(400))]
    assert np.mean(np.array(paths) >= math.log(10)) <= 0.10
    assert np.mean(np.array(naive) >= math.log(10)) > 0.10


def test_a_canary_with_four_times_the_errors_is_found() -> None:
    rng = np.random.default_rng(1)
    n_c, n_b = np.full(60, 100), np.full(60, 900)
    path = rate_log_e(rng.binomial(n_c, 0.04), n_c, rng.binomial(n_b, 0.01), n_b)
    assert path[-1] >= math.log(100)


def test_the_temper_is_a_quarter_until_measured_and_never_above_one() -> None:
    assert measured_temper([1] * 10, [100] * 10, [1] * 10, [100] * 10) == 0.25
    assert measured_temper([1] * 40, [100] * 40, [1] * 40, [100] * 40) == 1.0


def test_below_the_limit_is_absolute() -> None:
    want, logs = [], np.zeros(3)
    for x, n in ((0, 100), (1, 200)):
        for k, share in enumerate((0.5, 0.25, 0.1)):
            p = 0.01 * share
            logs[k] += x * math.log(p / 0.01) + (n - x) * math.log((1 - p) / 0.99)
        want.append(math.log(np.exp(logs).mean()))
    assert below_limit_log_e([0, 1], [100, 200], 0.01).tolist() == pytest.approx(want)


def test_a_rate_at_the_limit_is_seldom_called_below_it() -> None:
    rng = np.random.default_rng(2)
    n = np.full(100, 50)
    fired = [below_limit_log_e(rng.binomial(n, 0.02), n, 0.02).max() >= math.log(20) for _ in range(1000)]
    assert np.mean(fired) <= 0.05


@pytest.mark.parametrize(
    ("counts", "field"),
    [
        (([2], [1], [0], [9]), "canary_bad"),
        (([0], [1], [-1], [9]), "baseline_bad"),
        (([0], [1], [0, 0], [9, 9]), "baseline_n"),
        (([0, 0], [1], [0], [9]), "canary_bad"),
        (([0], [1], [float("nan")], [9]), "baseline_bad"),
    ],
)
def test_impossible_counts_are_refused(counts: tuple[list[float], ...], field: str) -> None:
    with pytest.raises(BadInput) as refusal:
        rate_log_e(counts[0], counts[1], counts[2], counts[3])
    assert refusal.value.field == field


def test_an_impossible_temper_or_limit_is_refused() -> None:
    with pytest.raises(BadInput, match="temper"):
        rate_log_e([0], [1], [0], [1], temper=0.0)
    with pytest.raises(BadInput, match="limit"):
        below_limit_log_e([0], [1], 1.0)
