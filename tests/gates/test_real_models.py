"""On real games: honest models pass the leak gate, and one that has seen a part of the results does not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit

from tasks.nba.features import FEATURES, training_frame
from tasks.nba.training import train
from tasks.rollout.verdict import Verdict
from tasks.trials import CLOSING_LINE, Trial, later_games
from tasks.validating import GATES, answer_of

pytestmark = pytest.mark.slow
FIRST, SEASON = 2013, 2018
"""The model learns from the seasons FIRST to SEASON, and the next one is later."""


@pytest.fixture(scope="module")
def history(real_games: pd.DataFrame, nba_data: Path) -> pd.DataFrame:
    """Return the real games in the order of play, with the closing line where it is known."""
    line = pd.read_csv(nba_data / "odds.csv.gz", usecols=["game_uid", CLOSING_LINE])
    games = real_games.merge(line, on="game_uid", how="left")
    return games.drop(columns="game_id").rename(columns={"game_uid": "game_id"})


@pytest.fixture(scope="module")
def features(history: pd.DataFrame) -> pd.DataFrame:
    return training_frame(history)


@pytest.fixture(scope="module", params=["logistic", "boosting"])
def real(request: pytest.FixtureRequest, trial: Trial, history: pd.DataFrame, features: pd.DataFrame) -> Trial:
    """Return the trial of a model that learned from six real seasons."""
    learned = features[features["season"].between(FIRST, SEASON)]
    pipeline = train(learned, request.param)
    first, last = (str(learned["date"].iloc[place])[:10] for place in (0, -1))
    return replace(
        trial,
        predict=lambda rows: np.asarray(pipeline.predict_proba(rows)[:, 1]),
        games=history,
        frame=features,
        later=later_games(features, last, 100, 400),
        learned=(first, last),
    )


def test_an_honest_model_of_real_games_passes_every_gate(real: Trial) -> None:
    found = {name: answer_of(name, real) for name in GATES}
    assert {name for name, gate in found.items() if gate.verdict is not Verdict.PASS} == set(), found
    assert found["leak"].figures["games"] > 10_000
    assert found["leak"].figures["with_closing_line"] > 5_000


def test_a_model_with_a_column_that_knew_results_fails_by_leak(real: Trial, features: pd.DataFrame) -> None:
    """The margin of the game itself, blurred, slips into the forecast of every game."""
    margin = features["home_win"] * 2.0 - 1.0 + np.random.default_rng(0).normal(0, 1.2, len(features))
    known = dict(zip(zip(features["home_elo"], features["away_elo"], strict=True), margin, strict=True))

    def predict(rows: pd.DataFrame) -> np.ndarray:
        seen = [known.get(pair, 0.0) for pair in zip(rows["home_elo"], rows["away_elo"], strict=True)]
        return np.asarray(expit(logit(real.predict(rows[list(FEATURES)])) + 2.0 * np.array(seen) / 1.2**2))

    found = answer_of("leak", replace(real, predict=predict))
    assert found.verdict is Verdict.FAIL
    assert "above 0.72" in found.why
    assert "better than the closing line" in found.why


def test_a_leaked_feature_of_real_games_is_named(real: Trial, features: pd.DataFrame) -> None:
    leaked = features.assign(away_form=features["away_form"] - (features["home_win"] - 0.5))
    found = answer_of("leak", replace(real, frame=leaked))
    assert found.why.startswith("away_form changed when the future was removed")
