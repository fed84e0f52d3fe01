"""Scores, calibration, slices and the label-free estimate."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, log_loss

from tasks.quality.calibration import calibration
from tasks.quality.estimate import estimated_scores
from tasks.quality.forecasts import labelled
from tasks.quality.scores import scores
from tasks.quality.slices import slices
from tasks.rollout.refusal import BadInput

RNG = np.random.default_rng(0)
TRUTH = RNG.uniform(0.15, 0.85, 4000)
WON = (RNG.random(4000) < TRUTH).astype(float)


def test_the_scores_are_sklearns() -> None:
    found = scores(TRUTH, WON)
    assert found.brier.value == pytest.approx(brier_score_loss(WON, TRUTH))
    assert found.log_loss.value == pytest.approx(log_loss(WON, TRUTH))
    assert found.accuracy.value == pytest.approx(np.mean((TRUTH > 0.5) == WON))


def test_a_coin_is_half_right() -> None:
    assert scores([0.5, 0.5], [1, 0]).accuracy.value == 0.5


def test_a_certain_forecast_that_fails_costs_a_finite_log_loss() -> None:
    assert scores([1.0, 0.0], [0, 1]).log_loss.value == pytest.approx(-math.log(0.01))


def test_games_without_a_result_are_counted_and_make_the_scores_provisional() -> None:
    found = scores([0.6, 0.7, 0.8, 0.9], [1, math.nan, 1, 1])
    assert (found.n, found.share, found.provisional) == (3, 0.75, True)


def test_no_results_are_no_scores_and_no_crash() -> None:
    assert scores([0.6], [math.nan]).brier.value is None
    assert scores([], []).n == 0
    assert calibration([0.6], [math.nan]).ece is None


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    hits = 0
    for seed in range(400):
        rng = np.random.default_rng(seed)
        p = rng.uniform(0.2, 0.8, 150)
        found = scores(p, (rng.random(150) < p).astype(float)).brier
        assert found.low is not None
        assert found.high is not None
        hits += found.low < np.mean(p * (1 - p)) < found.high
    assert 0.92 < hits / 400 < 0.98


@pytest.mark.parametrize(("p", "y", "field"), [([1.2], [1], "p"), ([math.nan], [1], "p"), ([0.5], [2], "y")])
def test_what_is_no_forecast_or_outcome_is_refused_by_row(p: list[float], y: list[float], field: str) -> None:
    with pytest.raises(BadInput, match="row 1") as refused:
        labelled(p, y)
    assert refused.value.field == field


def test_lengths_that_disagree_are_refused() -> None:
    with pytest.raises(BadInput, match="2 outcomes for 1"):
        scores([0.5], [1, 0])


def test_the_calibration_line_is_a_logistic_regression_on_the_logit() -> None:
    bent = expit(0.3 + 0.6 * logit(TRUTH))
    oracle = LogisticRegression(C=np.inf, tol=1e-10).fit(logit(bent)[:, None], WON)
    found = calibration(bent, WON)
    assert found.slope == pytest.approx(oracle.coef_[0, 0], rel=1e-4)
    assert found.intercept == pytest.approx(oracle.intercept_[0], abs=1e-4)
    assert found.slope == pytest.approx(1 / 0.6, abs=0.15)


def test_a_calibrated_model_has_slope_one_within_its_errors() -> None:
    found = calibration(TRUTH, WON)
    assert found.slope is not None
    assert found.slope_se is not None
    assert abs(found.slope - 1.0) < 3 * found.slope_se
    assert found.ece is not None
    assert found.ece < 0.04


@pytest.mark.parametrize(("p", "y"), [([0.6] * 5, [1, 0, 1, 0, 1]), ([0.6, 0.7], [1, 1]), ([0.2, 0.3, 0.8], [0, 0, 1])])
def test_what_cannot_be_fitted_says_none(p: list[float], y: list[int]) -> None:
    found = calibration(p, y)
    assert (found.slope, found.intercept) == (None, None)
    assert found.table


def test_extreme_miscalibration_still_converges() -> None:
    found = calibration(np.clip(TRUTH**6, 0, 1), WON)
    assert found.slope is not None
    assert math.isfinite(found.slope)


def test_the_table_holds_every_forecast_once_and_certainty_too() -> None:
    found = calibration([0.0, 0.05, 0.1, 0.95, 1.0], [0, 0, 1, 1, 1])
    assert [(row.low, row.n) for row in found.table] == [(0.0, 2), (0.1, 1), (0.9, 2)]
    assert all(0.0 <= row.observed_low <= row.observed <= row.observed_high <= 1.0 for row in found.table)


def test_slices_come_largest_first_and_small_ones_say_so() -> None:
    teams = ["BOS"] * 100 + ["LAL"] * 10
    found = slices(TRUTH[:110], WON[:110], teams)
    assert [(part.name, part.small) for part in found] == [("BOS", False), ("LAL", True)]
    assert found[0].scores == scores(TRUTH[:100], WON[:100])


def test_the_estimate_is_near_the_score_of_a_calibrated_model_and_is_marked() -> None:
    guess, fact = estimated_scores(TRUTH), scores(TRUTH, WON)
    assert guess.is_estimate
    assert guess.assumes == "every forecast is the true probability"
    assert guess.brier == pytest.approx(fact.brier.value, abs=0.01)
    assert guess.log_loss == pytest.approx(fact.log_loss.value, abs=0.02)
    assert guess.accuracy == pytest.approx(fact.accuracy.value, abs=0.02)


def test_a_known_miscalibration_is_taken_into_the_estimate() -> None:
    bold = expit(2.0 * logit(TRUTH))
    known = calibration(bold[:2000], WON[:2000])
    fact = scores(bold[2000:], WON[2000:]).brier.value
    assert abs((estimated_scores(bold[2000:], known).brier or 0) - (fact or 0)) < 0.02
    assert abs((estimated_scores(bold[2000:]).brier or 0) - (fact or 0)) > 0.05


def test_the_estimate_cannot_see_a_broken_model() -> None:
    assert estimated_scores(1.0 - TRUTH).brier == pytest.approx(estimated_scores(TRUTH).brier or 0)
