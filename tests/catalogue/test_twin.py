"""The fast twin says the same as its original, on edge rows too, or there is none and the reason is kept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from catalogue.conftest import COLUMNS, Record, games, logistic, saved

from blocks.catalogue.loading import load, text_of
from blocks.catalogue.registering import Terms, register
from blocks.catalogue.versions import resolve, set_alias, version
from blocks.errors import Refused
from blocks.serving.batch import Batch
from blocks.serving.models import Models

pytestmark = pytest.mark.slow


def boosted() -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier

    frame = games(1200)
    holes = frame[COLUMNS].mask(np.random.default_rng(1).random((1200, 3)) < 0.05)
    return HistGradientBoostingClassifier(max_iter=40).fit(holes, frame["won"])


def forest() -> Any:
    from sklearn.ensemble import RandomForestClassifier

    frame = games()
    return RandomForestClassifier(n_estimators=30, max_depth=6, random_state=0).fit(frame[COLUMNS], frame["won"])


def calibrated() -> Any:
    from sklearn.calibration import CalibratedClassifierCV

    return CalibratedClassifierCV(boosted(), cv=2).fit(games(600)[COLUMNS], games(600)["won"])


def with_text() -> Any:
    from sklearn.compose import make_column_transformer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    encoder = OneHotEncoder(handle_unknown="ignore")
    columns = make_column_transformer((StandardScaler(), COLUMNS), (encoder, ["day"]))
    frame = games().assign(day=np.resize(["Mon", "Tue", "Fri"], 400))
    return make_pipeline(columns, LogisticRegression()).fit(frame.drop(columns="won"), frame["won"])


def agreement(record: Record, model: str, number: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(text_of(record.uri, model, number, "twin/agreement.json"))
    return found


def asked(
    record: Record, model: str, number: str, place: Path, rows: pd.DataFrame | np.ndarray
) -> tuple[str, np.ndarray]:
    """Return what the gateway runs for a version, and its answers to rows."""
    handle = Models(record.uri, model, place).load(number)
    names = tuple(rows.columns) if isinstance(rows, pd.DataFrame) else None
    batch = Batch(names, np.asarray(rows, dtype=object).tolist())
    return handle.runtime, handle.predict(handle.schema.features(batch), len(rows))


def goes_the_whole_way(
    record: Record, model: str, folder: str, place: Path, rows: pd.DataFrame | np.ndarray
) -> dict[str, Any]:
    """Register a model, load it by its alias, ask it through the gateway's loader; return what became of its twin."""
    number = register(record.uri, model, folder, {}, Terms())
    set_alias(record.uri, model, "champion", number)
    own = load(record.uri, model, "champion")(rows)  # type: ignore[arg-type]  # a tensor's model takes an array
    runtime, answers = asked(record, model, resolve(record.uri, model, "champion"), place, rows)
    found = agreement(record, model, number)
    np.testing.assert_allclose(answers, own, rtol=0, atol=1e-6)
    assert (runtime == "onnxruntime") == found["kept"], (runtime, found)
    return found


@pytest.mark.parametrize("make", [logistic, boosted, forest, calibrated, with_text])
def test_a_scikit_learn_model_gets_a_twin_that_the_gateway_serves(record: Record, tmp_path: Path, make: Any) -> None:
    import mlflow
    from skops.io import get_untrusted_types

    estimator = make()
    rows = games(60)[list(estimator.feature_names_in_)[:3]]
    if make is with_text:
        rows = rows.assign(day=np.resize(["Mon", "Sun"], 60))
    said: dict[str, Any] = {"signature": mlflow.models.infer_signature(rows, [0.5]), "input_example": rows}
    if make is not logistic:
        from skops.io import dumps

        said["skops_trusted_types"] = get_untrusted_types(data=dumps(estimator))
    saved(estimator, tmp_path / "m", **said)
    found = goes_the_whole_way(record, f"sk-{make.__name__}", str(tmp_path / "m"), tmp_path / "cache", rows)
    assert found["kept"], found["why"]
    assert found["gap"] <= 1e-6
    assert (found["rows"], found["edges"] > 60) == (60, True)


def test_a_lightgbm_model_goes_the_whole_way(record: Record, tmp_path: Path) -> None:
    lightgbm = pytest.importorskip("lightgbm", reason="LightGBM is not installed here")
    import mlflow

    frame = games(1200)
    rows = games(60)[COLUMNS]
    fitted = lightgbm.LGBMClassifier(n_estimators=40, verbose=-1).fit(frame[COLUMNS], frame["won"]).booster_
    signature = mlflow.models.infer_signature(rows, [0.5])
    mlflow.lightgbm.save_model(fitted, tmp_path / "m", signature=signature, input_example=rows, pip_requirements=[])
    found = goes_the_whole_way(record, "light", str(tmp_path / "m"), tmp_path / "cache", rows)
    assert found["kept"], found["why"]
    assert dict(version(record.uri, "light", "1")["tags"])["framework"] == "lightgbm"  # type: ignore[call-overload]


def test_an_xgboost_model_goes_the_whole_way(record: Record, tmp_path: Path) -> None:
    xgboost = pytest.importorskip("xgboost", reason="XGBoost is not installed here")
    import mlflow

    frame = games(1200)
    rows = games(60)[COLUMNS]
    fitted = xgboost.XGBClassifier(n_estimators=40).fit(frame[COLUMNS], frame["won"]).get_booster()
    signature = mlflow.models.infer_signature(rows, [0.5])
    mlflow.xgboost.save_model(fitted, tmp_path / "m", signature=signature, input_example=rows, pip_requirements=[])
    found = goes_the_whole_way(record, "xgb", str(tmp_path / "m"), tmp_path / "cache", rows)
    assert found["kept"], found["why"]


@pytest.mark.parametrize("kind", ["columns", "tensor"])
def test_a_pytorch_model_goes_the_whole_way(record: Record, tmp_path: Path, kind: str) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed here; it is no dependency of gamenight")
    import mlflow

    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.BatchNorm1d(3), torch.nn.Linear(3, 1), torch.nn.Sigmoid()).eval()
    rows = games(60)[COLUMNS] if kind == "columns" else games(60)[COLUMNS].to_numpy(dtype=np.float32)
    signature = mlflow.models.infer_signature(rows, np.zeros((1, 1), dtype=np.float32))
    said = {"serialization_format": "pickle"} if kind == "columns" else {}  # MLflow traces a graph of arrays alone
    mlflow.pytorch.save_model(net, tmp_path / "m", signature=signature, input_example=rows, pip_requirements=[], **said)
    found = goes_the_whole_way(record, f"torch-{kind}", str(tmp_path / "m"), tmp_path / "cache", rows)
    assert not found["kept"]
    tags = dict(version(record.uri, f"torch-{kind}", "1")["tags"])  # type: ignore[call-overload]
    assert tags["framework"] == "pytorch"


def test_a_custom_model_goes_the_whole_way_without_a_twin(record: Record, tmp_path: Path) -> None:
    from catalogue.test_registering import pyfunc_in

    rows = games(60)[COLUMNS]
    found = goes_the_whole_way(record, "custom", pyfunc_in(tmp_path / "m", "EloGap"), tmp_path / "cache", rows)
    assert not found["kept"]
    assert "no scikit-learn" in found["why"]
    tags = dict(version(record.uri, "custom", "1")["tags"])  # type: ignore[call-overload]
    assert (tags["framework"], tags["twin"].startswith("none: ")) == ("pyfunc", True)


def test_a_twin_that_differs_is_not_kept_and_the_gap_is(record: Record, tmp_path: Path) -> None:
    folder = saved(logistic(C=9.0), tmp_path / "m")
    number = register(record.uri, "strict", str(folder), {}, Terms(tolerance=-1.0))
    found = agreement(record, "strict", number)
    assert not found["kept"]
    assert "the tolerance is -1" in found["why"]
    runtime, _ = asked(record, "strict", number, tmp_path / "cache", games(5)[COLUMNS])
    assert runtime.startswith("sklearn")


def test_a_policy_that_insists_on_a_twin_refuses_a_model_without_and_one_that_is_off_makes_none(
    record: Record, tmp_path: Path
) -> None:
    from catalogue.test_registering import pyfunc_in

    with pytest.raises(Refused, match="has no fast twin"):
        register(record.uri, "insists", pyfunc_in(tmp_path / "m", "EloGap"), {}, Terms(twin="required"))
    number = register(record.uri, "off", str(saved(logistic(C=8.0), tmp_path / "n")), {}, Terms(twin="off"))
    assert asked(record, "off", number, tmp_path / "cache", games(5)[COLUMNS])[0].startswith("sklearn")
