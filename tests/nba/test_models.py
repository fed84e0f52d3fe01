"""The two models: what they read, how good they are, and that they survive being saved."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import skops.io

from tasks.nba.features import FEATURES, NUMERIC, training_frame
from tasks.nba.models import Differences
from tasks.nba.training import KINDS, base_rate, model_input, seasons_before, train, trusted_types
from tasks.rollout.refusal import BadInput

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def past() -> pd.DataFrame:
    """Return games whose outcome follows the ratings, as a training frame has them."""
    rng = np.random.default_rng(7)
    n = 1500
    frame = pd.DataFrame(rng.normal(size=(n, len(NUMERIC))), columns=list(NUMERIC))
    frame[["home_elo", "away_elo"]] = 1500 + 120 * frame[["home_elo", "away_elo"]]
    frame["neutral"] = (frame["neutral"] > 2).astype(float)
    edge = frame["home_elo"] - frame["away_elo"] + 90 * (1 - frame["neutral"])
    frame["status"] = "final"
    frame["home_win"] = (rng.random(n) < 1 / (1 + 10 ** (-edge / 400))).astype(int)
    return frame.assign(season=2026, date="2025-12-01")


@pytest.fixture(scope="module")
def real(nba_data: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    games = pd.read_csv(nba_data / "games.csv.gz", dtype={"game_id": str, "tip_et": str})
    forecasts = pd.read_csv(nba_data / "forecasts.csv.gz").set_index("game_uid")
    return training_frame(games.assign(game_id=games["game_uid"])), forecasts


def test_differences_are_one_matrix_product_over_the_named_columns(past: pd.DataFrame) -> None:
    made = Differences().fit(past)
    assert made.columns == list(NUMERIC)
    out = made.transform(past)
    assert np.array_equal(out, past[made.columns].to_numpy() @ made.matrix)
    assert np.array_equal(out[:, 0], past["home_elo"] - past["away_elo"])
    assert np.array_equal(out[:, -1], past["neutral"])
    assert np.array_equal(made.transform(past[made.columns].to_numpy()), out)
    assert made.get_feature_names_out().tolist() == [
        "elo_difference",
        "rest_difference",
        "form_difference",
        "games_difference",
        "neutral",
    ]


@pytest.mark.parametrize("kind", list(KINDS))
def test_neither_the_status_nor_the_order_of_columns_matters(past: pd.DataFrame, kind: str) -> None:
    model = train(past, kind)
    rows = past.head(50)
    p = model.predict_proba(rows)
    changed = rows.assign(status="scheduled")[list(reversed(rows.columns))]
    assert np.array_equal(p, model.predict_proba(changed))
    assert p.shape == (50, 2)


@pytest.mark.parametrize("kind", list(KINDS))
def test_the_same_games_and_seed_give_the_same_model(past: pd.DataFrame, kind: str) -> None:
    again = [train(past, kind, seed=3).predict_proba(past) for _ in range(2)]
    assert np.array_equal(again[0], again[1])


@pytest.mark.parametrize("kind", list(KINDS))
def test_a_model_beats_the_base_rate_on_games_it_has_not_seen(past: pd.DataFrame, kind: str) -> None:
    model = train(past.head(1000), kind)
    unseen = past.tail(500)
    brier = ((model.predict_proba(unseen)[:, 1] - unseen["home_win"]) ** 2).mean()
    assert brier < ((base_rate(past.head(1000)) - unseen["home_win"]) ** 2).mean() - 0.02


def test_real_seasons_are_forecast_as_well_as_by_the_reference(real: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    frame, forecasts = real
    gaps = []
    for season in (2008, 2012, 2015, 2019):
        tonight = frame[frame["season"] == season]
        p = train(seasons_before(frame, season)).predict_proba(tonight)[:, 1]
        reference = forecasts.loc[tonight.index, "p_logit_ref"]
        gaps.append(((p - tonight["home_win"]) ** 2).mean() - ((reference - tonight["home_win"]) ** 2).mean())
    assert np.abs(gaps).max() < 0.002
    assert np.mean(gaps) < 0.001


@pytest.mark.slow
def test_boosting_on_real_seasons_is_calibrated(real: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    frame, forecasts = real
    tonight = frame[frame["season"].between(2016, 2019)]
    p = train(seasons_before(frame, 2016), "boosting").predict_proba(tonight)[:, 1]
    reference = forecasts.loc[tonight.index, "p_gbm_ref"]
    assert ((p - tonight["home_win"]) ** 2).mean() < ((reference - tonight["home_win"]) ** 2).mean() + 0.002
    assert abs(p.mean() - tonight["home_win"].mean()) < 0.03


def test_seasons_before_takes_none_of_the_season_itself() -> None:
    frame = pd.DataFrame({"season": [2018, 2019, 2020, 2025, 2026]})
    assert seasons_before(frame, 2026)["season"].tolist() == [2020, 2025]


def test_what_cannot_be_trained_on_is_refused_by_name(past: pd.DataFrame) -> None:
    with pytest.raises(BadInput, match=r"kind: unknown kind of model 'forest'; there are logistic, boosting"):
        train(past, "forest")
    with pytest.raises(BadInput, match="away_rest: the frame has no such column"):
        train(past.drop(columns="away_rest"))
    with pytest.raises(BadInput, match="home_form: has values that are missing"):
        train(past.assign(home_form=np.nan))
    with pytest.raises(BadInput, match="frame: 99 games are too few"):
        train(past.head(99))
    with pytest.raises(BadInput, match="home_win: every game ended the same way"):
        train(past.assign(home_win=1))
    with pytest.raises(BadInput, match="home_win: the frame has no such column"):
        train(past.drop(columns="home_win"))
    with pytest.raises(BadInput, match=r"away_elo: the model reads home_elo, .* this column is missing"):
        train(past).predict_proba(past.drop(columns="away_elo"))


@pytest.mark.parametrize("kind", list(KINDS))
def test_the_trusted_types_are_exactly_what_a_saved_model_needs(past: pd.DataFrame, kind: str, tmp_path: Path) -> None:
    saved = tmp_path / "model.skops"
    skops.io.dump(train(past, kind), saved)
    untrusted = set(skops.io.get_untrusted_types(file=saved))
    assert untrusted <= set(trusted_types())
    if kind == "boosting":
        assert untrusted == set(trusted_types())


LOAD = """
import sys, mlflow, pandas as pd
uri, store, rows, out = sys.argv[1:]
mlflow.set_tracking_uri(store)
pd.Series(mlflow.pyfunc.load_model(uri).predict(pd.read_parquet(rows))[:, 1]).to_csv(out, index=False)
"""


@pytest.mark.slow
@pytest.mark.parametrize("kind", list(KINDS))
def test_a_logged_model_gives_the_same_answers_in_another_process(
    past: pd.DataFrame, kind: str, tmp_path: Path
) -> None:
    import mlflow
    from mlflow.models import infer_signature

    store, before = f"sqlite:///{tmp_path}/mlflow.db", mlflow.get_tracking_uri()
    model, rows = train(past, kind), model_input(past.head(40))
    expected = model.predict_proba(rows)
    mlflow.set_tracking_uri(store)
    try:
        mlflow.create_experiment("nba", artifact_location=(tmp_path / "artifacts").as_uri())
        mlflow.set_experiment("nba")
        with mlflow.start_run():
            logged = mlflow.sklearn.log_model(
                model,
                name="model",
                signature=infer_signature(rows, expected),
                input_example=rows.head(2),
                pip_requirements=["scikit-learn", "pandas"],
                pyfunc_predict_fn="predict_proba",
                skops_trusted_types=trusted_types(),
                serialization_format="skops",
            )
    finally:
        mlflow.set_tracking_uri(before)
    rows.to_parquet(tmp_path / "rows.parquet")
    arguments = [logged.model_uri, store, str(tmp_path / "rows.parquet"), str(tmp_path / "out.csv")]
    subprocess.run([sys.executable, "-c", LOAD, *arguments], check=True, cwd=ROOT, timeout=300)
    answered = pd.read_csv(tmp_path / "out.csv").iloc[:, 0].to_numpy()
    assert np.allclose(answered, expected[:, 1], atol=1e-12)
    assert set(rows.columns) == set(FEATURES)
