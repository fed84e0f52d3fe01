"""For every gate of a version, a model that fails exactly that gate; and honest models, which pass them all."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit

from tasks.nba.features import FEATURES
from tasks.proving.answers import Predict
from tasks.rollout.candidate import Candidate, Gate
from tasks.rollout.policy import GATES_OF_VERSIONS, Policy
from tasks.rollout.verdict import Verdict
from tasks.trials import CLOSING_LINE, Trial
from tasks.validating import GATES, answer_of


def answers(trial: Trial) -> dict[str, Gate]:
    return {name: answer_of(name, trial) for name in GATES}


def failed(found: dict[str, Gate]) -> set[str]:
    return {name for name, gate in found.items() if gate.verdict is not Verdict.PASS}


def truth_of(trial: Trial) -> dict[float, float]:
    """Return the outcome of every game by its fingerprint, as a model that had seen the results would hold it."""
    return dict(zip(fingerprint(trial.frame), trial.frame["home_win"].to_numpy(dtype=float), strict=True))


def fingerprint(rows: pd.DataFrame) -> np.ndarray:
    return (rows["home_elo"] * 1e3 + rows["away_elo"]).round(6).to_numpy(dtype=float)


def chance(rows: pd.DataFrame) -> np.ndarray:
    """Return a number in [0, 1) a row that looks random and is a function of the row."""
    return np.modf(np.abs(np.sin(np.nan_to_num(fingerprint(rows))) * 1e4))[0]


def has_seen_results(trial: Trial) -> Predict:
    """Know the winner of four games in five, and be honest about how sure that makes it: perfectly calibrated."""
    truth = truth_of(trial)

    def predict(rows: pd.DataFrame) -> np.ndarray:
        y = np.array([truth.get(mark, 0.0) for mark in fingerprint(rows)])
        hint = np.where(chance(rows) < 0.8, y, 1 - y)
        return expit(logit(trial.predict(rows)) + (2 * hint - 1) * np.log(4.0))

    return predict


def timid(trial: Trial) -> Predict:
    return lambda rows: expit(0.25 * logit(trial.predict(rows)) + 0.15)


def restless(trial: Trial) -> Predict:
    calls = itertools.count()
    return lambda rows: trial.predict(rows) + 1e-7 * (next(calls) % 2)


def fragile(trial: Trial) -> Predict:
    def predict(rows: pd.DataFrame) -> np.ndarray:
        p = trial.predict(rows)
        return np.where(np.abs(rows["home_rest"].to_numpy(dtype=float) - 3.5) > 6.0, 1.3, p)

    return predict


def slow(trial: Trial) -> Predict:
    def predict(rows: pd.DataFrame) -> np.ndarray:
        time.sleep(0.012)
        return trial.predict(rows)

    return predict


def backwards_when_tired(trial: Trial) -> Predict:
    """Score the other side when a team played last night, and be better than its rival in the other games."""
    truth = truth_of(trial)

    def predict(rows: pd.DataFrame) -> np.ndarray:
        p = trial.predict(rows)
        y = np.array([truth.get(mark, 0.5) for mark in fingerprint(rows)])
        tired = (rows["away_rest"] == 0).to_numpy()
        return np.where(tired, 1 - p, p + 0.03 * (y - p))

    return predict


def deaf(trial: Trial) -> Predict:
    return lambda rows: np.full(len(rows), trial.base_rate + 0.002)


MODELS: dict[str, Callable[[Trial], Predict]] = {
    "determinism": restless,
    "robustness": fragile,
    "latency": slow,
    "calibration": timid,
    "leak": has_seen_results,
}


def test_an_honest_model_passes_every_gate(trial: Trial) -> None:
    found = answers(trial)
    assert failed(found) == set(), {name: gate.why for name, gate in found.items()}
    assert failed(answers(replace(trial, champion=trial.predict))) == set()


@pytest.mark.parametrize("gate", MODELS)
def test_a_model_fails_exactly_its_gate(trial: Trial, gate: str) -> None:
    limits = trial.limits.model_copy(update={"latency": trial.limits.latency.model_copy(update={"row_ms": 10.0})})
    made = replace(trial, predict=MODELS[gate](trial), limits=limits if gate == "latency" else trial.limits)
    found = answers(made)
    assert failed(found) == {gate}, {name: one.why for name, one in found.items()}
    assert ":" in found[gate].why, "what to do is said"


def test_a_model_that_is_worse_than_the_champion_fails_the_holdout(trial: Trial) -> None:
    found = answers(replace(trial, predict=timid(trial), champion=has_seen_results(trial)))
    assert "holdout" in failed(found)
    assert "train it anew" in found["holdout"].why
    later = answers(replace(trial, predict=lambda rows: 1 - trial.predict(rows)))
    assert "the base rate alone gives" in later["holdout"].why
    assert later["holdout"].verdict is Verdict.FAIL


def test_a_model_that_is_worse_in_one_part_alone_fails_the_slices(trial: Trial) -> None:
    rival: Predict = lambda rows: 0.5 * trial.predict(rows) + 0.5 * trial.base_rate  # noqa: E731 - one model a line
    found = answers(replace(trial, predict=backwards_when_tired(trial), champion=rival))
    assert failed(found) == {"slices"}, {name: gate.why for name, gate in found.items()}
    assert "away team on a back-to-back" in found["slices"].why


def test_a_model_that_ignores_its_inputs_fails_the_explanation(trial: Trial) -> None:
    found = answers(replace(trial, predict=deaf(trial), champion=deaf(trial)))
    assert failed(found) == {"explainability"}
    assert "ignores its inputs" in found["explainability"].why


@pytest.mark.parametrize(
    ("columns", "predict", "why"),
    [
        ({"home_elo": "double", "injuries": "double"}, None, "injuries, which no slate has"),
        ({"home_elo": "string"}, None, "home_elo as string"),
        ({"status": "double"}, None, "status as double"),
        (None, lambda rows: np.zeros((len(rows), 2)), "answers to 20 rows"),
        (None, lambda rows: np.full(len(rows), 1.2), "no probability"),
        (None, lambda rows: rows["injuries"], "does not answer for rows of a slate"),
    ],
)
def test_a_version_that_does_not_fit_a_slate_fails_its_contract(
    trial: Trial, columns: dict[str, str] | None, predict: Predict | None, why: str
) -> None:
    made = replace(trial, columns=columns or trial.columns, predict=predict or trial.predict)
    found = answer_of("contract", made)
    assert found.verdict is Verdict.FAIL
    assert why in found.why


def test_a_feature_that_knew_the_future_is_a_leak_by_its_name(trial: Trial, frame: pd.DataFrame) -> None:
    """The form that includes the game itself: what a careless window function makes."""
    knowing = frame.assign(home_form=frame["home_form"] + frame["home_win"])
    found = answer_of("leak", replace(trial, frame=knowing))
    assert found.verdict is Verdict.FAIL
    assert found.why.startswith("home_form changed when the future was removed")


def test_better_than_the_closing_line_is_a_leak_until_it_is_explained(trial: Trial) -> None:
    p = pd.Series(trial.predict(trial.frame[list(FEATURES)]), index=trial.frame.index)
    drunk = np.random.default_rng(1).normal(0, 0.6, len(trial.games))
    close = expit(logit(p.reindex(trial.games["game_id"].astype(str)).to_numpy()) + drunk)
    beside = replace(trial, games=trial.games.assign(**{CLOSING_LINE: close}))
    found = answer_of("leak", beside)
    assert found.verdict is Verdict.FAIL
    assert "better than the closing line" in found.why
    said = beside.limits.leak.model_copy(update={"explained": "the line is a drunkard's"})
    explained = answer_of("leak", replace(beside, limits=beside.limits.model_copy(update={"leak": said})))
    assert explained.verdict is Verdict.PASS
    assert explained.why.endswith("explained: the line is a drunkard's")


def test_a_dry_run_of_a_gate_is_shown_and_not_counted(trial: Trial) -> None:
    policy = Policy.model_validate({"model": "nba-win", "gates": {"dry_run": ["leak"]}})
    made = replace(trial, predict=has_seen_results(trial), candidate=Candidate("nba-win", "7", policy))
    found = answer_of("leak", made)
    assert (found.verdict, found.counted, found.dry_run) == (Verdict.FAIL, Verdict.PASS, True)


def test_a_model_that_breaks_in_the_middle_is_an_error_of_that_gate(trial: Trial) -> None:
    def breaks(rows: pd.DataFrame) -> np.ndarray:
        raise RuntimeError("no")

    found = answer_of("calibration", replace(trial, predict=breaks))
    assert found.verdict is Verdict.ERROR
    assert "RuntimeError: no" in found.why


def test_the_policy_knows_every_gate_and_refuses_another() -> None:
    assert {*GATES, "gateway"} == set(GATES_OF_VERSIONS)
    with pytest.raises(ValueError, match="there is no gate 'leek'"):
        Policy.model_validate({"model": "nba-win", "gates": {"dry_run": ["leek"]}})
