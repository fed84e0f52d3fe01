"""The leak gate: what the future changes is found, luck is not called a leak, and knowledge is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit

from tasks.proving.leak import (
    Backtest,
    Floats,
    accuracy,
    beats_the_line,
    better_early,
    features_that_knew,
    leak,
    too_good,
)
from tasks.proving.limits import LeakLimits
from tasks.rollout.verdict import Verdict

LIMITS = LeakLimits()
NONE = np.full(3000, np.nan)


def league(seed: int, n: int = 3000, spread: float = 0.8) -> tuple[Floats, Floats]:
    """Return what can be known of n games, and how they ended."""
    rng = np.random.default_rng(seed)
    p = np.asarray(expit(rng.normal(0.4, spread, n)))
    return p, (rng.random(n) < p).astype(float)


def backtest(p: Floats, y: Floats, **parts: Floats) -> Backtest:
    n = len(p)
    plain = {"played": np.arange(n) % 80.0, "close": np.full(n, np.nan), "later": np.arange(n) >= n - 300}
    return Backtest(p, y, **{**plain, **parts})  # type: ignore[arg-type]  # the parts by name


@pytest.mark.parametrize("seed", range(20))
def test_who_knows_all_that_can_be_known_is_no_leak(seed: int) -> None:
    p, y = league(seed)
    assert leak([], 5, backtest(p, y), LIMITS).verdict is Verdict.PASS


@given(st.integers(0, 200), st.floats(0.75, 0.99))
def test_who_has_seen_results_is_one(seed: int, sure: float) -> None:
    _, y = league(seed)
    told = np.where(np.random.default_rng(seed + 1).random(len(y)) < sure, y, 1 - y)
    p = np.where(told == 1, sure, 1 - sure)
    found = leak([], 5, backtest(p, y), LIMITS)
    assert found.verdict is Verdict.FAIL
    assert "find what it has seen" in found.why


def test_results_seen_after_the_training_alone_are_found_among_ten_thousand_honest_games() -> None:
    p, y = league(3, 10_000)
    late = np.arange(len(p)) >= len(p) - 300
    found = leak([], 5, backtest(np.where(late, np.where(y == 1, 0.9, 0.1), p), y, later=late), LIMITS)
    assert found.verdict is Verdict.FAIL
    assert "300 games after its training" in found.why


def test_a_few_lucky_games_are_no_leak_and_too_few_are_not_judged() -> None:
    p, y = np.full(100, 0.7), np.r_[np.ones(74), np.zeros(26)]
    assert accuracy(p, y) > LIMITS.accuracy
    assert too_good(p, y, LIMITS, "games") == []
    assert too_good(np.tile(p, 10), np.tile(y, 10), LIMITS, "games") == ["accuracy 0.740 over 1000 games, above 0.72"]
    assert too_good(np.ones(99), np.ones(99), LIMITS, "games") == []


def test_the_closing_line_is_beaten_only_beyond_luck() -> None:
    p, y = league(5)
    noise = np.random.default_rng(6).normal(0, 1, len(p))
    assert beats_the_line(backtest(p, y, close=p), LIMITS) == []
    assert beats_the_line(backtest(expit(np.log(p / (1 - p)) + 0.5 * noise), y, close=p), LIMITS) == []
    drunk = np.asarray(expit(np.log(p / (1 - p)) + noise))
    assert "better than the closing line" in beats_the_line(backtest(p, y, close=drunk), LIMITS)[0]


def test_better_when_least_is_known_is_a_leak() -> None:
    p, y = league(7)
    played = np.arange(len(p)) % 80.0
    assert better_early(backtest(p, y, played=played), LIMITS) == []
    knows = np.where(played < 15, np.where(y == 1, 0.8, 0.2), p)
    assert "first 15 games" in better_early(backtest(knows, y, played=played), LIMITS)[0]


def test_an_explanation_lets_a_backtest_pass_and_no_feature() -> None:
    _, y = league(8)
    seen, explained = np.where(y == 1, 0.95, 0.05), LIMITS.model_copy(update={"explained": "injury news"})
    assert leak([], 5, backtest(seen, y), explained).verdict is Verdict.PASS
    assert leak(["form"], 5, backtest(seen, y), explained).verdict is Verdict.FAIL


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=20), st.integers(0, 19), st.floats(0.001, 10))
def test_any_value_that_changes_is_found_and_missing_on_both_sides_is_equal(
    values: list[float], place: int, by: float
) -> None:
    full = np.array([*values, np.nan])
    assert features_that_knew({"a": full}, {"a": full.copy()}) == []
    alone = full.copy()
    alone[place % len(values)] += by
    assert features_that_knew({"a": full, "b": full}, {"a": alone, "b": full}) == ["a"]
