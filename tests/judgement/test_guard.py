"""The guard: loud on swapped sides, quiet on an ordinary challenger."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tasks.judgement.evidence import log_mean_exp
from tasks.judgement.guard import guard_terms


def path(q: np.ndarray, q_bar: float) -> np.ndarray:
    return log_mean_exp(np.cumsum(guard_terms(q, q_bar), axis=1))


def test_each_term_is_a_bet_on_the_excess() -> None:
    terms = guard_terms([0.0, 0.04, 0.2], 0.01)
    assert terms.shape == (3, 3)
    assert terms[:, 1] == pytest.approx(0.0)
    assert terms[2].tolist() == pytest.approx([math.log(0.1), 0.0, math.log(1 + 0.9 * 4)])


@pytest.mark.parametrize("fault", ["flipped", "constant", "shuffled"])
def test_a_broken_challenger_fires_within_two_nights(fault: str) -> None:
    rng = np.random.default_rng(4)
    p = rng.uniform(0.2, 0.8, 15)
    broken = {"flipped": 1 - p, "constant": np.full(15, 0.95), "shuffled": rng.permutation(p)}[fault]
    assert path((broken - p) ** 2, 0.003).max() >= math.log(100)


def test_an_ordinary_challenger_seldom_fires() -> None:
    rng = np.random.default_rng(5)
    fired = [path(rng.normal(0, 0.11, 600) ** 2, 0.01).max() >= math.log(100) for _ in range(300)]
    assert np.mean(fired) <= 0.01


def test_the_mean_allowance_has_its_floor() -> None:
    assert guard_terms([0.001], 0.0).tolist() == guard_terms([0.001], 1e-4).tolist()
