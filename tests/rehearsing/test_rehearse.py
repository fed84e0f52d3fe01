"""A rehearsal: the judge's own verdict, exposure, and what the rules of other tools would have done."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tasks.judgement.judge import judge
from tasks.judgement.ledger import Ledger
from tasks.judgement.rule import Rule
from tasks.rehearsal import rehearse
from tasks.rivals.rules import RIVALS
from tasks.rollout.verdict import Verdict

RULE = Rule(q_bar=0.003)


def season(seed: int, games: int = 1230, nights: int = 164) -> Ledger:
    rng = np.random.default_rng(seed)
    truth = rng.uniform(0.25, 0.75, games)
    old, new = (np.clip(truth + rng.normal(0, 0.04, games), 0.01, 0.99) for _ in range(2))
    names = tuple(f"{k:03d}" for k in range(nights))
    y = (rng.random(games) < truth).astype(float)
    unit, night = np.arange(games).astype(object), np.arange(games) * nights // games
    return Ledger(names, night, unit, old, new, y, np.ones(games, dtype=bool), names)


def test_a_rehearsal_is_the_judgement_of_the_same_nights() -> None:
    ledger = season(2)
    rehearsal = rehearse(ledger, RULE)
    assert rehearsal.judgement == judge(ledger, RULE)
    assert set(rehearsal.rivals) == set(RIVALS)


def test_served_units_follow_the_share_until_the_decision() -> None:
    rehearsal = rehearse(season(2), RULE)
    looks = rehearsal.judgement.looks[: rehearsal.judgement.night]
    before = [0, *(look.n for look in looks)]
    expected = sum(look.share / 100 * (look.n - n) for look, n in zip(looks, before, strict=False))
    assert rehearsal.served == pytest.approx(expected)
    assert 0 < rehearsal.served < looks[-1].n


def test_a_rehearsal_without_nights_says_so() -> None:
    rehearsal = rehearse(replace(season(1), closed=()), RULE)
    assert rehearsal.judgement.verdict is Verdict.WAIT
    assert rehearsal.served == 0.0
    assert {call.verdict for call in rehearsal.rivals.values()} == {Verdict.WAIT}


@pytest.mark.parametrize("score", ["log", "squared", "absolute"])
def test_every_score_can_be_rehearsed(score: str) -> None:
    assert len(rehearse(season(2, games=200, nights=30), replace(RULE, score=score, q_bar=0.05)).rivals) == 4
