"""Errors and slow requests beside the score: one boundary for harm, every limit for promotion."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import pytest

from tasks.judgement.judge import Operations, judge
from tasks.judgement.ledger import Ledger
from tasks.judgement.rule import Rule
from tasks.rollout.refusal import BadInput
from tasks.rollout.verdict import Verdict

MakeLedger = Callable[..., Ledger]
RULE = Rule(q_bar=0.003)


def test_a_declared_stream_that_is_silent_changes_only_the_weight_of_the_score(harmful: MakeLedger) -> None:
    ledger = harmful()
    plain, declared = judge(ledger, RULE), judge(ledger, RULE, Operations({"errors": {}}))
    for one, other in zip(plain.looks, declared.looks, strict=True):
        assert other.log_e_rollback == pytest.approx(math.log(8 / 9 * math.exp(one.log_e_rollback) + 1 / 9), abs=1e-9)
    three = judge(ledger, RULE, Operations({"errors": {}, "slow": {}}))
    assert three.looks[0].log_e_rollback == pytest.approx(math.log(0.8 * math.exp(plain.looks[0].log_e_rollback) + 0.2))


def test_errors_roll_back_with_their_name_and_carry_over_nights(even: MakeLedger) -> None:
    ledger = even(nights=5)
    errors = {ledger.nights[1]: math.log(9 * 10) + 0.1}
    judgement = judge(ledger, replace(RULE, margin=1e-3), Operations({"errors": errors}))
    assert (judgement.verdict, judgement.reason, judgement.night) == (Verdict.FAIL, "errors", 2)
    assert judgement.looks[0].log_e_rollback < 0.1
    assert judgement.looks[3].log_e_rollback > 2.0


def test_harm_after_the_last_closed_night_does_not_wait(even: MakeLedger) -> None:
    ledger = even(nights=2)
    loud = Operations({"slow": {"2024-02-01": 6.0}})
    assert (judge(ledger, RULE, loud).reason, judge(ledger, RULE, loud).night) == ("slow", 2)
    none = judge(replace(ledger, closed=()), RULE, loud)
    assert (none.verdict, none.night) == (Verdict.FAIL, None)


def test_promotion_needs_every_declared_limit(even: MakeLedger) -> None:
    ledger = even()
    slow = {night: 0.2 * k for k, night in enumerate(ledger.nights)}
    judgement = judge(ledger, RULE, Operations(below_limit={"errors": slow}))
    assert judgement.night == 16
    assert judge(ledger, RULE, Operations(below_limit={"errors": {}})).best == 0.0
    with pytest.raises(BadInput, match="clicks"):
        Operations({"clicks": {}})
