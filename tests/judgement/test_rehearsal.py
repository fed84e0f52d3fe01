"""A rehearsal: the judge's own verdict, exposure, and what the rules of other tools would have done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from tasks.judgement.judge import judge
from tasks.judgement.ledger import Ledger
from tasks.judgement.path import path_of
from tasks.judgement.rehearsal import rehearse
from tasks.judgement.rivals import mann_whitney, obrien_fleming, t_test, threshold
from tasks.judgement.rule import Rule
from tasks.rollout.verdict import Verdict

MakeLedger = Callable[..., Ledger]
RULE = Rule(q_bar=0.003)


def test_a_rehearsal_is_the_judgement_of_the_same_nights(season: MakeLedger) -> None:
    ledger = season(2)
    rehearsal = rehearse(ledger, RULE)
    assert rehearsal.judgement == judge(ledger, RULE)
    assert set(rehearsal.rivals) == {"t-test", "threshold", "Mann-Whitney", "O'Brien-Fleming"}


def test_served_units_follow_the_share_until_the_decision(season: MakeLedger) -> None:
    rehearsal = rehearse(season(2), RULE)
    looks = rehearsal.judgement.looks[: rehearsal.judgement.night]
    before = [0, *(look.n for look in looks)]
    expected = sum(look.share / 100 * (look.n - n) for look, n in zip(looks, before, strict=False))
    assert rehearsal.served == pytest.approx(expected)
    assert 0 < rehearsal.served < looks[-1].n


def test_the_daily_t_test_is_scipys_at_its_first_significant_night(season: MakeLedger) -> None:
    ledger = season(7, bias=0.1)
    call = t_test(path_of(ledger, RULE), RULE)
    assert call.night is not None
    d = (ledger.p_new - ledger.y) ** 2 - (ledger.p_old - ledger.y) ** 2
    for k in range(call.night):
        so_far = d[ledger.night <= k]
        worse = stats.ttest_1samp(so_far, 0.0, alternative="greater").pvalue <= RULE.alpha
        fine = stats.ttest_1samp(so_far, RULE.margin, alternative="less").pvalue <= RULE.beta
        called = len(so_far) >= RULE.min_units and bool(worse or fine)
        assert called == (k == call.night - 1)
        if called:
            assert call.verdict is (Verdict.FAIL if worse else Verdict.PASS)


def test_the_threshold_fails_on_the_fourth_night_above_the_margin(make_ledger: MakeLedger) -> None:
    n = 300
    night = np.arange(n) // 10
    worse = make_ledger(night, np.full(n, 0.5), np.full(n, 0.7), np.zeros(n))
    assert threshold(path_of(worse, RULE), RULE).night == 4
    alike = make_ledger(night, np.full(n, 0.5), np.full(n, 0.5), np.zeros(n))
    assert (threshold(path_of(alike, RULE), RULE).verdict, threshold(path_of(alike, RULE), RULE).night) == (
        Verdict.PASS,
        20,
    )


@pytest.mark.parametrize("seed", range(8))
def test_mann_whitney_is_scipys_on_the_losses(season: MakeLedger, seed: int) -> None:
    ledger = season(seed, noise=0.25)
    losses = tuple((p - ledger.y) ** 2 for p in (ledger.p_old, ledger.p_new))
    path = path_of(ledger, RULE)
    call = mann_whitney(path, RULE, (losses[0], losses[1]))
    for k in range(min(call.night or 20, 20)):
        old, new = (loss[ledger.night <= k] for loss in losses)
        p = stats.mannwhitneyu(new, old, alternative="greater", method="asymptotic", use_continuity=False).pvalue
        assert (len(old) >= RULE.min_units and p <= 0.01) == (call.verdict is Verdict.FAIL and k + 1 == call.night)


def test_obrien_fleming_holds_its_error_over_nightly_looks() -> None:
    rng = np.random.default_rng(1)
    n = np.arange(6, 601, 6)
    d = rng.normal(0.0, 0.1, (1500, 600))
    sums, squares = d.cumsum(axis=1)[:, 5::6], (d**2).cumsum(axis=1)[:, 5::6]
    one = path_of(_one_night(), RULE)
    fails = 0
    for S, Q in zip(sums, squares, strict=True):
        path = replace(one, nights=tuple(map(str, n)), n=n.astype(float), S=S, squares=Q)
        fails += obrien_fleming(path, replace(RULE, margin=10.0, beta=1e-300)).verdict is Verdict.FAIL
    assert fails / 1500 <= 0.10 + 3 * np.sqrt(0.09 / 1500)
    assert fails / 1500 > 0.05


def test_no_rule_calls_anything_after_n_max(season: MakeLedger) -> None:
    ledger = season(4)
    short = replace(RULE, n_max=60)
    for call in rehearse(ledger, short).rivals.values():
        assert call.night is None or call.units < 60 + 10


def test_a_rehearsal_without_nights_says_so(make_ledger: MakeLedger) -> None:
    rehearsal = rehearse(make_ledger([], [], [], []), RULE)
    assert rehearsal.judgement.verdict is Verdict.WAIT
    assert rehearsal.served == 0.0
    assert {call.verdict for call in rehearsal.rivals.values()} == {Verdict.WAIT}


@pytest.mark.parametrize("score", ["log", "squared", "absolute"])
def test_every_score_can_be_rehearsed(season: MakeLedger, score: str) -> None:
    assert len(rehearse(season(2, games=200, nights=30), replace(RULE, score=score, q_bar=0.05)).rivals) == 4


def _one_night() -> Ledger:
    column = np.array([0.5])
    return Ledger(("a",), np.array([0]), np.array(["u"], dtype=object), column, column, column * 0, column > 0, ("a",))
