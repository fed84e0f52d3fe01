"""Models over classes and of a number in a range are judged from the store as probabilities are."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from judging.conftest import League

from tasks.evidence import evidence_text, gather, ledger_from, records_of
from tasks.judgement.judge import judge
from tasks.judging import judge_all, peek
from tasks.planning import forecast_of
from tasks.rollout.policy import Policy, read_policy
from tasks.rollout.refusal import BadInput
from tasks.rollout.verdict import Verdict

Make = Callable[..., League]
TOTALS = {"task": "bounded", "outcome_range": [150.0, 300.0], "margin": 0.005}


def totals(playing: League, nights: int, error: float) -> None:
    """Play nights of totals: both forecast about the truth, the challenger with an error of its own, in points."""
    for _ in range(nights):
        truth = playing.rng.uniform(195, 235, 8)
        old = truth + playing.rng.normal(0, 3, 8)
        outcome = np.clip(truth + playing.rng.normal(0, 15, 8), 150, 300)
        playing.night(list(old), list(truth + playing.rng.normal(error, 3, 8)), list(outcome))


def test_an_equal_model_of_totals_is_promoted(league: Make) -> None:
    equal = league(**TOTALS)
    totals(equal, 45, error=0.0)
    assert peek(equal.store, equal.rollout, equal.now).verdict is Verdict.PASS


def test_a_model_of_totals_that_is_25_points_off_is_rolled_back(league: Make) -> None:
    worse = league(**TOTALS)
    totals(worse, 60, error=25.0)
    look = peek(worse.store, worse.rollout, worse.now)
    assert (look.verdict, look.harm) == (Verdict.FAIL, "failed")


def test_the_ledger_of_totals_is_a_share_of_the_range(league: Make) -> None:
    playing = league(**TOTALS, fallback=225.0)
    playing.night([225.0, 240.0], [255.0, None], [300.0, 150.0])
    ledger = gather(playing.store, playing.rollout, playing.now).ledger
    assert ledger.p_old.tolist() == [0.5, pytest.approx(0.6)]
    assert ledger.p_new.tolist() == [pytest.approx(0.7), 0.5]
    assert ledger.y.tolist() == [1.0, 0.0]


def test_an_absolute_loss_can_be_asked_for(league: Make) -> None:
    playing = league(**{**TOTALS, "score": "absolute", "margin": 0.02})
    totals(playing, 30, error=0.0)
    judged = judge_all(playing.rollout, {"2": gather(playing.store, playing.rollout, playing.now)})
    assert judged["2"].rule.score == "absolute"
    assert judged["2"].judgement.verdict is Verdict.PASS


def classes(playing: League, nights: int, bad: bool) -> None:
    """Play nights of three classes: home by many, close, away by many."""
    for _ in range(nights):
        truth = playing.rng.dirichlet([4.0, 3.0, 3.0], 8)
        near = [0.95 * share + 0.05 * playing.rng.dirichlet([4.0, 3.0, 3.0], 8) for share in (truth, truth)]
        outcome = [float(playing.rng.choice(3, p=share)) for share in truth]
        new = near[1][:, ::-1] if bad else near[1]
        playing.night(near[0].tolist(), new.tolist(), outcome)


def test_an_equal_model_of_three_classes_is_promoted(league: Make) -> None:
    playing = league(task="classes")
    classes(playing, 25, bad=False)
    judged = judge_all(playing.rollout, {"2": gather(playing.store, playing.rollout, playing.now)})
    assert judged["2"].evidence.ledger.p_new.shape == (200, 3)
    assert peek(playing.store, playing.rollout, playing.now).verdict is Verdict.PASS
    (record,) = records_of(evidence_text(playing.rollout, judged))
    ledger, rule = ledger_from(record)
    assert judge(ledger, rule).looks == judged["2"].judgement.looks


def test_a_model_of_three_classes_with_its_sides_swapped_is_rolled_back(league: Make) -> None:
    playing = league(task="classes")
    classes(playing, 60, bad=True)
    assert peek(playing.store, playing.rollout, playing.now).verdict is Verdict.FAIL


def test_a_challenger_over_other_classes_has_not_answered(league: Make) -> None:
    playing = league(task="classes")
    playing.night([[0.2, 0.3, 0.5]] * 2, [[0.5, 0.5], [0.2, 0.3, 0.5]], [2.0, 1.0])
    ledger = gather(playing.store, playing.rollout, playing.now).ledger
    assert ledger.answered.tolist() == [False, True]


def test_the_planner_tells_the_bound_and_what_it_costs(league: Make) -> None:
    plan = league(**TOTALS).rollout.plan
    said = forecast_of(plan, dispersion=0.2)
    assert "within 150 and 300" in said
    assert "margin is 112.5 squared points" in said
    assert "the bound costs 5.0 times" in said
    assert "nights for" in said


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"task": "bounded", "outcome_range": [300, 150]}, "no range"),
        ({"task": "bounded", "outcome_range": [0, float("inf")]}, "no range"),
        ({"task": "bounded", "outcome_range": [150, 300], "score": "log"}, "does not fit"),
        ({"task": "classes", "score": "absolute"}, "does not fit"),
        ({"task": "bounded", "outcome_range": [150, 300], "fallback": 0.5}, "outside 150"),
        ({"fallback": 1.5}, "outside 0"),
        ({"task": "classes", "outcome_range": [0, 1]}, "goes with task: bounded"),
    ],
)
def test_a_policy_that_cannot_be_judged_by_is_refused_by_its_key(values: dict[str, object], said: str) -> None:
    with pytest.raises(BadInput, match=said):
        read_policy({"model": "m", **values}, "policy.yaml")


def test_a_loss_has_one_name_in_the_judgement() -> None:
    assert Policy(model="m", task="classes").loss == "classes"
    assert Policy(model="m", score="log").loss == "log"
