"""The forecast of how long a verdict takes."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from tasks.judgement.planner import plan
from tasks.judgement.rule import Rule

RULE = Rule(q_bar=0.003)


def test_the_units_are_those_of_the_page() -> None:
    told = plan(RULE)
    assert (told.median_units, told.p90_units) == (180, 450)
    assert (told.median_nights, told.p90_nights) == (24, 60)
    assert told.fits


def test_a_smaller_error_takes_longer_by_its_logarithm() -> None:
    assert plan(replace(RULE, beta=0.0025)).median_units == 360
    assert plan(replace(RULE, challengers=20, beta=0.05)).median_units == 360


def test_never_within_n_max_names_the_margin_that_would_fit() -> None:
    told = plan(replace(RULE, q_bar=0.05))
    assert not told.fits
    assert told.says.startswith("never within n_max")
    assert f"{told.margin_that_fits:.4f}" in told.says
    assert plan(replace(RULE, q_bar=0.05, margin=told.margin_that_fits)).p90_units <= 601


def test_a_verdict_that_may_not_come_is_said() -> None:
    assert "may end without a verdict" in plan(replace(RULE, q_bar=0.006)).says


def test_the_mean_allowance_has_its_floor_and_the_nights_their_minimum() -> None:
    told = plan(replace(RULE, q_bar=0.0))
    assert told.median_units == 6
    assert told.median_nights == 3


def test_the_cost_of_a_bound_is_told_where_the_holdout_knows_it() -> None:
    told = plan(RULE, dispersion=0.05)
    assert told.cost == pytest.approx(20.0)
    assert "20.0 times the units of a known variance, 24 nights for 3" in told.says
    assert plan(RULE).cost is None


def test_it_is_the_evidence_that_it_forecasts() -> None:
    from tasks.judgement.evidence import log_e_promote

    units = plan(RULE).median_units
    assert math.isclose(float(log_e_promote(units, 0.0, 0.003 * units, 0.01, 0.003)), math.log(20), rel_tol=0.35)
