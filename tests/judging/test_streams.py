"""Errors and slow answers from a real journal count in a rollout's verdict, as its policy declares."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import numpy as np
import pytest
from judging.conftest import START, League

from tasks.evidence import evidence_text, gather, ledger_from, records_of
from tasks.judgement.judge import judge
from tasks.judging import judge_all, peek
from tasks.rollout.verdict import Verdict
from tasks.streams import answers_needed, operations_of, streams_from

Make = Callable[..., League]
ERRORS = {"errors": True, "error_limit": 0.01}


def test_a_challenger_that_errs_in_one_of_twenty_is_rolled_back_at_equal_quality(league: Make) -> None:
    playing = league(operations=ERRORS, n_max=2000)
    playing.even_nights(3)
    for day in range(3):
        playing.requests(400, errors=(0.002, 0.05), day=day)
    look = peek(playing.store, playing.rollout, playing.now)
    assert (look.verdict, look.harm) == (Verdict.FAIL, "failed")
    assert "errors" in look.why
    assert "of 1200 answers" in look.why


def test_it_does_not_wait_for_a_night_to_close(league: Make) -> None:
    playing = league(operations=ERRORS)
    playing.requests(1000, errors=(0.0, 0.1))
    look = peek(playing.store, playing.rollout, START + timedelta(hours=10))
    assert look.verdict is Verdict.FAIL
    assert "errors" in look.why


def test_an_equal_challenger_is_promoted_once_its_errors_are_proven_below_the_limit(league: Make) -> None:
    playing = league(operations=ERRORS, margin=0.02)
    playing.even_nights(12)
    for day in range(2):
        playing.requests(100, errors=(0.001, 0.001), day=day)
    assert peek(playing.store, playing.rollout, playing.now).verdict is Verdict.WAIT
    for day in range(2, 12):
        playing.requests(100, errors=(0.001, 0.001), day=day)
    assert peek(playing.store, playing.rollout, playing.now).verdict is Verdict.PASS


@pytest.mark.parametrize("operations", [ERRORS, {"slow_ms": 100.0}])
def test_no_journal_is_no_pass_where_the_policy_asks_for_one(league: Make, operations: dict[str, object]) -> None:
    playing = league(operations=operations, margin=0.02)
    playing.even_nights(12)
    look = peek(playing.store, playing.rollout, playing.now)
    assert (look.verdict, look.rung) == (Verdict.WAIT, 0)


def test_without_the_policys_word_the_journal_is_not_read(league: Make) -> None:
    playing = league(margin=0.02)
    playing.even_nights(12)
    playing.requests(1000, errors=(0.0, 0.5))
    assert peek(playing.store, playing.rollout, playing.now).verdict is Verdict.PASS


def test_a_slow_challenger_is_rolled_back_and_an_equally_slow_one_is_not(league: Make) -> None:
    playing = league(operations={"slow_ms": 100.0}, margin=0.02)
    playing.even_nights(12)
    playing.requests(600, slow=(0.05, 0.05))
    assert peek(playing.store, playing.rollout, playing.now).verdict is not Verdict.FAIL


def served(playing: League, n: int, slow: tuple[float, float], by: tuple[str, str]) -> None:
    """Journal requests by path: `by` says for champion and challenger whether they serve or shadow."""
    rows = []
    for k in range(n):
        at = START + timedelta(hours=1, seconds=30 * k)
        for place, version in enumerate("12"):
            late = 200.0 if playing.rng.random() < slow[place] else 2.0
            row = {"model": "nba-win", "request_id": str(k), "version": version, "key": str(k), "role": "", "at": at}
            rows.append(row | {"served": by[place] == "serves", "latency_ms": late, "output": 0.5})
    playing.store.ship_journal(rows)


@pytest.mark.parametrize(
    ("by", "counts"),
    [(("shadows", "serves"), True), (("serves", "serves"), True), (("serves", "shadows"), False)],
)
def test_times_are_compared_on_one_path_and_in_the_bake_with_the_fallbacks_shadow(
    league: Make, by: tuple[str, str], counts: bool
) -> None:
    playing = league(operations={"slow_ms": 100.0})
    served(playing, 800, slow=(0.01, 0.2), by=by)
    look = peek(playing.store, playing.rollout, START + timedelta(hours=10))
    assert (look.verdict is Verdict.FAIL) == counts


def test_what_the_breaker_writes_about_itself_is_no_request(league: Make) -> None:
    playing = league(operations=ERRORS)
    rows = [
        {
            "model": "nba-win",
            "request_id": f"breaker/2/{k}",
            "version": "2",
            "role": "breaker",
            "served": False,
            "error": "open",
            "at": START + timedelta(hours=1),
        }
        for k in range(50)
    ]
    playing.store.ship_journal(rows)
    assert gather(playing.store, playing.rollout, playing.now).streams["errors"].totals == ()


def test_bursts_of_the_champion_before_the_rollout_temper_the_evidence(league: Make) -> None:
    playing = league(operations={**ERRORS, "temper": 0.5})
    assert gather(playing.store, playing.rollout, playing.now).streams["errors"].temper == 0.5
    rows = []
    for burst in range(60):
        at = START - timedelta(days=2) + timedelta(minutes=10 * burst)
        for key in range(6):
            broken = playing.rng.random() < 0.5
            for n in range(10):  # a key that fails, fails again and again
                row = {"model": "nba-win", "request_id": f"{burst}-{key}-{n}", "version": "1", "key": f"{burst}-{key}"}
                rows.append(
                    row | {"role": "champion", "served": not broken, "error": "down" if broken else None, "at": at}
                )
    playing.store.ship_journal(rows)
    measured = gather(playing.store, playing.rollout, playing.now).streams["errors"].temper
    assert 0.02 < measured < 0.3


def test_single_failures_of_the_champion_need_no_tempering(league: Make) -> None:
    playing = league(operations={**ERRORS, "temper": 0.25})
    for day in range(-3, 0):
        playing.requests(1500, errors=(0.05, 0.0), day=day)
    assert gather(playing.store, playing.rollout, playing.now).streams["errors"].temper > 0.6


def test_the_saved_evidence_gives_the_same_judgement_again(league: Make) -> None:
    playing = league(operations={**ERRORS, "slow_ms": 100.0}, n_max=2000)
    playing.even_nights(3)
    for day in range(3):
        playing.requests(300, errors=(0.002, 0.04), slow=(0.02, 0.03), day=day)
    judged = judge_all(playing.rollout, {"2": gather(playing.store, playing.rollout, playing.now)})
    (record,) = records_of(evidence_text(playing.rollout, judged))
    ledger, rule = ledger_from(record)
    again = judge(ledger, rule, operations_of(streams_from(record)))
    first = judged["2"].judgement
    assert (again.verdict, again.reason) == (first.verdict, first.reason)
    assert [look.log_e_rollback for look in again.looks] == [look.log_e_rollback for look in first.looks]


def test_equal_arms_with_bursty_errors_are_seldom_rolled_back(league: Make) -> None:
    from tasks.judgement.rates import measured_temper, rate_log_e

    rng, failed = np.random.default_rng(8), 0
    for _ in range(200):
        rate = np.where(rng.random((2, 600)) < 0.1, 0.3, 0.002)
        before, after = rng.binomial(50, rate[:, :300]), rng.binomial(50, rate[:, 300:])
        n = np.full(300, 50)
        temper = measured_temper(before[0], n, before[1], n)
        failed += rate_log_e(after[0], n, after[1], n, temper).max() >= np.log(10 * 10)
    assert failed / 200 <= 0.10


def test_the_answers_that_prove_a_limit_are_told() -> None:
    assert answers_needed(0.01, np.log(20)) == 390
