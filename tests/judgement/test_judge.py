"""The table of verdicts, line by line, and what a look shows."""

from __future__ import annotations

import math
import pickle
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import brentq

from tasks.judgement.judge import Judgement, judge, winner
from tasks.judgement.ledger import Ledger
from tasks.judgement.mixture import log_mix
from tasks.judgement.rule import Rule
from tasks.rollout.verdict import Verdict

MakeLedger = Callable[..., Ledger]
RULE = Rule(q_bar=0.003)


def test_every_figure_of_a_look_is_the_one_of_the_page(season: MakeLedger) -> None:
    ledger = season(3, games=300, nights=40)
    rule = replace(RULE, ladder=(5, 25, 50))
    best, centre = 0.0, rule.margin / rule.q_bar
    for k, look in enumerate(judge(ledger, rule).looks):
        rows = ledger.night <= k
        old, new, y = ledger.p_old[rows], ledger.p_new[rows], ledger.y[rows]
        d, q = (new - y) ** 2 - (old - y) ** 2, (new - old) ** 2
        n, total, spread = len(d), float(d.sum()), float(q.sum())
        assert (look.night, look.n, look.answered, look.coverage) == (ledger.nights[k], n, n, 1.0)
        assert abs(look.S - total) < 1e-12
        assert abs(look.Q - spread) < 1e-12
        assert look.log_e_rollback == pytest.approx(float(log_mix(total, spread, 1.0, 0.5)), abs=1e-8)
        promote = float(log_mix(n * rule.margin - total, spread, centre, centre / 2))
        assert look.log_e_promote == pytest.approx(promote, abs=1e-8)
        assert look.dispersion == pytest.approx(float((d**2).sum() / spread))
        best = max(best, promote)
        assert look.rung == min(3, math.floor(3 * best / math.log(20)))
        factors = [np.prod(1 + b * (q / (4 * rule.q_bar) - 1)) for b in (0.1, 0.3, 0.9)]
        assert look.guard == pytest.approx(float(np.log(np.mean(factors))), abs=1e-8)
        low = brentq(lambda s, spread=spread: float(log_mix(s, spread, 1.0, 0.5)) - math.log(10), -1, 100, xtol=1e-13)
        high = brentq(
            lambda s, spread=spread: float(log_mix(s, spread, centre, centre / 2)) - math.log(20), -1, 100, xtol=1e-13
        )
        assert look.lower == pytest.approx((total - low) / n, abs=1e-9)
        assert look.upper == pytest.approx((total + high) / n, abs=1e-9)


def test_harm_rolls_back_at_the_first_look_that_shows_it(harmful: MakeLedger) -> None:
    judgement = judge(harmful(), RULE)
    assert (judgement.verdict, judgement.reason) == (Verdict.FAIL, "score")
    assert judgement.night is not None
    values = [look.log_e_rollback >= math.log(10) for look in judgement.looks]
    assert values.index(True) + 1 == judgement.night
    assert len(judgement.looks) == 10


def test_an_equal_challenger_passes_when_the_running_best_crosses(even: MakeLedger) -> None:
    judgement = judge(even(), RULE)
    assert judgement.verdict is Verdict.PASS
    assert judgement.look is judgement.looks[(judgement.night or 0) - 1]
    assert judgement.best >= math.log(20)


def test_once_crossed_it_stays_crossed(make_ledger: MakeLedger) -> None:
    n = 60
    y = np.where(np.arange(n) < 20, 1, 0)
    ledger = make_ledger(np.repeat(np.arange(3), 20), np.full(n, 0.5), np.full(n, 0.55), y)
    judgement = judge(ledger, replace(RULE, q_bar=0.0025))
    assert judgement.looks[0].log_e_promote >= math.log(20) > judgement.looks[2].log_e_promote
    assert (judgement.verdict, judgement.night) == (Verdict.PASS, 3)


def test_three_nights_are_the_least(even: MakeLedger) -> None:
    two = judge(even(nights=2, a_night=100), RULE)
    assert (two.verdict, two.reason, two.rung) == (Verdict.WAIT, "minimums", 3)
    assert judge(even(nights=3, a_night=100), RULE).night == 3


def test_twenty_answered_units_are_the_least(even: MakeLedger) -> None:
    easy = replace(RULE, q_bar=1e-4, margin=0.05)
    assert judge(even(nights=3, a_night=6), easy).reason == "minimums"
    assert judge(even(nights=4, a_night=5), easy).night == 4


def test_a_challenger_that_never_answers_never_passes(make_ledger: MakeLedger) -> None:
    n = 900
    ledger = make_ledger(np.arange(n) // 10, np.full(n, 0.5), np.full(n, 0.5), np.arange(n) % 2, np.zeros(n))
    for rule in (RULE, replace(RULE, holds=False)):
        judgement = judge(ledger, rule)
        assert judgement.best > math.log(20)
        assert judgement.verdict is (Verdict.HOLD if rule.holds else Verdict.INCONCLUSIVE)
        assert judgement.reason == "coverage"


def test_low_coverage_holds_and_lifts_when_the_challenger_answers_again(make_ledger: MakeLedger) -> None:
    n = 300
    answered = np.arange(n) >= 8
    ledger = make_ledger(np.arange(n) // 10, np.full(n, 0.5), np.full(n, 0.51), np.arange(n) % 2, answered)
    judgement = judge(ledger, RULE)
    assert judgement.night == 8
    assert judgement.looks[7].coverage == 0.9
    early = judge(replace(ledger, closed=ledger.closed[:5]), RULE)
    assert (early.verdict, early.reason) == (Verdict.HOLD, "coverage")


def test_n_max_without_a_crossing_is_inconclusive(season: MakeLedger) -> None:
    ledger = season(1, noise=0.15)
    judgement = judge(ledger, replace(RULE, n_max=100, alpha=1e-6, guard_alpha=0.0))
    assert (judgement.verdict, judgement.reason) == (Verdict.INCONCLUSIVE, "n_max")
    assert judgement.look is not None
    assert judgement.look.n >= 100 > judgement.looks[(judgement.night or 0) - 2].n
    assert {look.share for look in judgement.looks[judgement.night or 0 :]} == {0}


def test_the_end_of_the_season_is_inconclusive_too(season: MakeLedger) -> None:
    ledger = replace(season(1, games=60, nights=8, noise=0.15), ended=True)
    assert judge(ledger, replace(RULE, alpha=1e-6)).reason == "season_ended"
    assert judge(replace(ledger, ended=False), replace(RULE, alpha=1e-6, holds=False)).verdict is Verdict.WAIT


def test_inconclusive_goes_before_a_hold_and_harm_before_both(season: MakeLedger, harmful: MakeLedger) -> None:
    held = season(1, games=200, nights=20, noise=0.4)
    assert judge(held, replace(RULE, alpha=1e-12)).verdict is Verdict.HOLD
    assert judge(held, replace(RULE, alpha=1e-12, n_max=150)).verdict is Verdict.INCONCLUSIVE
    early = judge(harmful(), replace(RULE, n_max=10))
    assert judge(harmful(), RULE).night == 1 == early.night
    assert early.verdict is Verdict.FAIL


def test_the_guard_latches_until_a_person_resumes(make_ledger: MakeLedger) -> None:
    n = 300
    new = np.where(np.arange(n) < 10, 0.9, 0.51)
    y = np.where(np.arange(n) < 10, np.arange(n) % 10 < 7, np.arange(n) % 2)
    ledger = make_ledger(np.arange(n) // 10, np.full(n, 0.5), new, y)
    judgement = judge(ledger, replace(RULE, margin=0.02))
    assert judgement.looks[0].guard >= math.log(100) > judgement.looks[-1].guard
    assert (judgement.verdict, judgement.reason, judgement.guard_fired) == (Verdict.HOLD, "guard", True)
    assert {look.share for look in judgement.looks} == {5}
    night = ledger.nights[4]
    resumed = judge(ledger, replace(RULE, margin=0.02), resumed=[night])
    assert resumed.looks[5].guard < 0 < math.log(100) <= resumed.looks[0].guard
    assert resumed.verdict is Verdict.PASS
    assert resumed.night is not None
    assert resumed.night > 5
    assert not resumed.guard_fired


def test_a_held_rollout_can_still_fail(make_ledger: MakeLedger) -> None:
    n = 100
    new = np.full(n, 0.95)
    y = np.where(np.arange(n) < 10, 1, 0)
    judgement = judge(make_ledger(np.arange(n) // 10, np.full(n, 0.5), new, y), RULE)
    assert judgement.looks[0].guard >= math.log(100)
    assert judgement.verdict is Verdict.FAIL


def test_overdue_labels_hold(even: MakeLedger) -> None:
    ledger = replace(even(nights=3, a_night=100), overdue=("g9",))
    assert (judge(ledger, RULE).verdict, judge(ledger, RULE).reason) == (Verdict.HOLD, "labels_late")
    assert judge(replace(ledger, closed=()), RULE).reason == "labels_late"
    assert judge(ledger, replace(RULE, holds=False)).verdict is Verdict.PASS


def test_the_share_of_a_night_is_set_by_the_looks_before_it(harmful: MakeLedger, even: MakeLedger) -> None:
    judgement = judge(even(), RULE)
    earned, passed = 0, False
    for k, look in enumerate(judgement.looks, start=1):
        assert look.share == (100 if passed else (5, 25, 50)[min(earned, 2)])
        earned, passed = max(earned, look.rung), passed or k == judgement.night
    failed = judge(harmful(), RULE)
    assert [look.share for look in failed.looks] == [5] * (failed.night or 0) + [0] * (10 - (failed.night or 0))


def test_an_empty_ladder_serves_nobody(even: MakeLedger) -> None:
    shadow = judge(even(), replace(RULE, ladder=()))
    assert {look.share for look in shadow.looks[: shadow.night]} == {0}
    assert shadow.verdict is Verdict.PASS


def test_only_closed_nights_are_looks(even: MakeLedger) -> None:
    ledger = even()
    half = judge(replace(ledger, closed=ledger.closed[:4]), RULE)
    assert half.looks == judge(ledger, RULE).looks[:4]


def test_a_closed_night_without_a_labelled_unit_is_no_look(make_ledger: MakeLedger) -> None:
    n = 200
    ledger = make_ledger(np.repeat([0, 3], 100), np.full(n, 0.5), np.full(n, 0.52), np.arange(n) % 2)
    judgement = judge(ledger, RULE)
    assert [look.night for look in judgement.looks] == [ledger.nights[0], ledger.nights[3]]
    assert judgement.reason == "minimums"


def test_no_looks_is_never_a_pass(make_ledger: MakeLedger) -> None:
    judgement = judge(make_ledger([], [], [], []), RULE)
    assert judgement == Judgement(Verdict.WAIT, "no_looks", (), None, 0.0, False, RULE.digest)
    assert judgement.look is None
    assert judgement.rung == 0


def test_two_arms_share_both_errors(even: MakeLedger) -> None:
    both = replace(RULE, challengers=2)
    assert both.levels[0] == pytest.approx(math.log(20))
    assert both.levels[1] == pytest.approx(math.log(40))
    one, two = judge(even(), RULE), judge(even(), both)
    assert (one.night or 0) < (two.night or 0)


def test_the_winner_is_the_passed_arm_with_the_least_upper_bound(make_ledger: MakeLedger, harmful: MakeLedger) -> None:
    n = 300
    fine, better = (
        judge(make_ledger(np.arange(n) // 10, np.full(n, 0.5), np.full(n, 0.52), y), RULE)
        for y in (np.arange(n) % 2, np.arange(n) % 10 < 8)
    )
    assert winner({"7": fine, "8": better, "9": judge(harmful(), RULE)}) == "8"
    assert winner({"8": fine, "7": fine}) == "7"
    assert winner({"9": judge(harmful(), RULE)}) is None
    assert winner({}) is None


def test_any_order_of_the_rows_is_the_same_judgement_byte_for_byte(season: MakeLedger) -> None:
    ledger = season(5)
    order = np.random.default_rng(2).permutation(len(ledger.y))
    columns = ("night", "unit", "p_old", "p_new", "y", "answered")
    shuffled = replace(ledger, **{name: getattr(ledger, name)[order] for name in columns})
    assert pickle.dumps(judge(shuffled, RULE)) == pickle.dumps(judge(ledger, RULE))
