"""The mixture against high-precision quadrature, at its limits, and against a root finder."""

from __future__ import annotations

import math

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq

from tasks.judgement.mixture import crossing, log_mix
from tasks.rollout.refusal import BadInput


def quadrature(s: float, v: float, l0: float, t: float) -> float:
    """Return the log of the integral by 40-digit quadrature around the peak of the integrand."""
    with mp.workdps(40):
        a = mp.mpf(v) + 1 / mp.mpf(t) ** 2
        centre, spread = (mp.mpf(s) + mp.mpf(l0) / mp.mpf(t) ** 2) / a, 1 / mp.sqrt(a)
        width = spread if centre > 0 else min(spread, -(spread**2) / centre if centre else spread)
        peak = max(centre, mp.mpf(0))

        def exponent(x: mp.mpf) -> mp.mpf:
            return x * mp.mpf(s) - x * x * mp.mpf(v) / 2 - (x - mp.mpf(l0)) ** 2 / (2 * mp.mpf(t) ** 2)

        top = exponent(peak)
        points = sorted({max(mp.mpf(0), peak + k * width) for k in (-40, -10, -3, 0, 1, 3, 10, 40, 200)})
        integral = mp.quad(lambda x: mp.exp(exponent(x) - top), points)
        norm = mp.log(mp.mpf(t) * mp.sqrt(2 * mp.pi)) + mp.log(mp.ncdf(mp.mpf(l0) / mp.mpf(t)))
        return float(top + mp.log(integral) - norm)


CASES = [
    (4.0, 2.0, 1.0, 0.5),
    (0.5, 0.0, 1.0, 0.5),
    (50.0, 0.0, 1.0, 0.5),
    (-1e6, 0.0, 1.0, 0.5),
    (-1e6, 1e4, 1.0, 0.5),
    (1e6, 1e6, 1.0, 0.5),
    (3.0, 0.2, 100.0, 50.0),
    (-3.0, 0.2, 100.0, 50.0),
    (-2.0, 0.0, 1.0, 0.5),
    (-4.0, 1e-12, 1.0, 0.5),
]


@pytest.mark.parametrize(("s", "v", "l0", "t"), CASES)
def test_it_agrees_with_quadrature_at_the_edges(s: float, v: float, l0: float, t: float) -> None:
    assert float(log_mix(s, v, l0, t)) == pytest.approx(quadrature(s, v, l0, t), rel=1e-8, abs=1e-8)


@settings(max_examples=60, deadline=None)
@given(st.floats(-1e3, 1e3), st.floats(0, 1e3), st.floats(0.05, 100.0), st.floats(0.3, 3.0))
def test_it_agrees_with_quadrature_anywhere(s: float, v: float, l0: float, ratio: float) -> None:
    assert float(log_mix(s, v, l0, l0 * ratio)) == pytest.approx(quadrature(s, v, l0, l0 * ratio), rel=1e-8, abs=1e-8)


def test_no_evidence_weighs_nothing() -> None:
    assert float(log_mix(0.0, 0.0, 1.0, 0.5)) == 0.0
    assert float(log_mix(0.0, 0.0, 100.0, 50.0)) == 0.0


def test_arrays_give_what_scalars_give() -> None:
    s, v = np.array([-1e6, -3.0, 0.0, 2.0, 40.0]), np.array([0.0, 1.0, 0.0, 0.5, 9.0])
    single = [float(log_mix(a, b, 1.0, 0.5)) for a, b in zip(s, v, strict=True)]
    assert log_mix(s, v, 1.0, 0.5).tolist() == single
    assert log_mix(s[:, None], v, 1.0, 0.5).shape == (5, 5)


@settings(max_examples=100)
@given(st.floats(-1e6, 1e6), st.floats(0.0, 1e6), st.floats(1e-3, 1e3))
def test_more_excess_is_more_evidence_and_it_is_always_finite(s: float, v: float, more: float) -> None:
    here, there = float(log_mix(s, v, 1.0, 0.5)), float(log_mix(s + more, v, 1.0, 0.5))
    assert math.isfinite(here)
    assert there > here or there == pytest.approx(here, rel=1e-12)


@pytest.mark.parametrize("level", [math.log(10), math.log(20), math.log(3300)])
@pytest.mark.parametrize("prior", [(1.0, 0.5), (2.0, 1.0), (100.0, 50.0)])
def test_the_crossing_is_the_root_that_brentq_finds(level: float, prior: tuple[float, float]) -> None:
    allowance = np.array([0.0, 1e-6, 0.01, 1.0, 30.0, 1e4])
    found = crossing(allowance, *prior, level)
    for v, s in zip(allowance, found, strict=True):
        high = 1.0
        while log_mix(high, v, *prior) < level:
            high *= 2.0
        root = brentq(lambda x, v=v: float(log_mix(x, v, *prior)) - level, -1.0, high, xtol=1e-13, rtol=1e-14)
        assert s == pytest.approx(root, rel=1e-9, abs=1e-11)


@pytest.mark.parametrize(
    ("s", "v", "t"), [(0.0, -1.0, 0.5), (math.nan, 1.0, 0.5), (0.0, math.inf, 0.5), (0.0, 1.0, 0.0)]
)
def test_an_unusable_sum_is_refused(s: float, v: float, t: float) -> None:
    with pytest.raises(BadInput):
        log_mix(s, v, 1.0, t)


def test_the_expectation_under_the_null_is_at_most_one() -> None:
    rng = np.random.default_rng(1)
    p, gap = 0.6, 0.2
    y = rng.random((40_000, 30)) < p
    d = gap * (2 * p - 2 * y)
    e = np.exp(log_mix(d.sum(axis=1), np.full(40_000, 30 * gap**2), 1.0, 0.5))
    assert e.mean() <= 1.0 + 4 * e.std() / 200
