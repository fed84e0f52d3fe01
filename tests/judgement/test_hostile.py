"""What a second reader would try: extreme sums, mirrored sides, repeated looks, units in another order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.judgement.evidence import log_e_promote, log_e_rollback
from tasks.judgement.judge import judge
from tasks.judgement.ledger import Ledger
from tasks.judgement.mixture import log_mix
from tasks.judgement.paired import paired_terms
from tasks.judgement.rule import Rule
from tasks.rollout.verdict import Verdict

SUMS = st.floats(-1e6, 1e6)
ALLOWANCES = st.one_of(st.just(0.0), st.floats(1e-12, 1e6))


@given(SUMS, ALLOWANCES, st.floats(1e-3, 1e2))
def test_evidence_is_finite_and_rises_with_the_excess(s: float, v: float, centre: float) -> None:
    low, high = (float(log_mix(x, v, centre, centre / 2)) for x in (s, s + 1.0))
    assert np.isfinite(low)
    assert low <= high


@given(st.floats(-1e6, 0.0), ALLOWANCES)
def test_no_excess_is_never_evidence(s: float, v: float) -> None:
    assert float(log_mix(s, v, 1.0, 0.5)) <= 1e-12


@given(st.floats(1e-9, 1e3), st.floats(0.0, 1e3))
def test_more_allowance_is_no_more_evidence(s: float, v: float) -> None:
    assert float(log_mix(s, v + 1.0, 1.0, 0.5)) <= float(log_mix(s, v, 1.0, 0.5)) + 1e-9


def test_a_million_games_all_lost_and_no_disagreement_at_all() -> None:
    assert float(log_e_rollback(-1e6, 0.0)) == pytest.approx(-np.log(1e6) * 1.0, abs=30)
    assert float(log_e_rollback(0.0, 0.0)) == 0.0
    assert float(log_e_promote(600, 0.0, 0.0, 0.01, 0.0)) > np.log(20)


@given(st.floats(0, 1), st.floats(0, 1), st.sampled_from(["brier", "log"]))
def test_the_other_side_of_a_game_says_the_same(old: float, new: float, score: str) -> None:
    one = paired_terms([old], [new], [1], score)
    other = paired_terms([1 - old], [1 - new], [0], score)
    np.testing.assert_allclose(one, other, atol=1e-12)


@given(st.floats(0, 1), st.floats(0, 1), st.sampled_from([0, 1]))
def test_two_classes_are_twice_the_brier_score(old: float, new: float, y: int) -> None:
    (d,), (q,) = paired_terms([old], [new], [y])
    (both,), (wide,) = paired_terms([[1 - old, old]], [[1 - new, new]], [y], "classes")
    assert both == pytest.approx(2 * d, abs=1e-12)
    assert wide == pytest.approx(4 * q, abs=1e-12)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**16))
def test_a_later_night_changes_nothing_that_was_seen_before(season: Callable[..., Ledger], seed: int) -> None:
    whole = season(seed, games=200, nights=20)
    rule = Rule(q_bar=0.003)
    first = judge(replace(whole, closed=whole.nights[:10]), rule)
    seen = judge(whole, rule).looks[:10]
    assert [(look.log_e_promote, look.log_e_rollback, look.n) for look in seen] == [
        (look.log_e_promote, look.log_e_rollback, look.n) for look in first.looks
    ]


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**16))
def test_a_challenger_that_never_answers_never_passes(season: Callable[..., Ledger], seed: int) -> None:
    ledger = season(seed, games=400, nights=40)
    silent = replace(ledger, p_new=ledger.p_old, answered=np.zeros(len(ledger.y), dtype=bool))
    assert judge(silent, Rule(q_bar=0.003, n_max=10_000)).verdict is not Verdict.PASS
    assert judge(silent, Rule(q_bar=0.003, n_max=10_000, holds=False)).verdict is not Verdict.PASS


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**16))
def test_the_champion_against_itself_is_never_rolled_back(season: Callable[..., Ledger], seed: int) -> None:
    ledger = season(seed, games=400, nights=40)
    assert judge(replace(ledger, p_new=ledger.p_old), Rule(q_bar=0.0)).verdict is Verdict.PASS
