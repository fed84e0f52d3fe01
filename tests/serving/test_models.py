"""Versions out of a real registry, as arrays see them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin

from blocks.catalogue.digest import digest
from blocks.catalogue.trust import DIGEST_TAG
from blocks.errors import NotFound, Refused, Unavailable
from blocks.serving.batch import Batch
from blocks.serving.handle import ImpossibleOutput, open_folder, probabilities
from blocks.serving.models import Models
from tests.serving.conftest import COLUMNS, MODEL, Record, Registry, game
from tests.serving.parts import constant

ROW = [game()[name] for name in COLUMNS]


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ([0.25, 0.5], [0.25, 0.5]),
        ([[0.75, 0.25], [0.5, 0.5]], [0.25, 0.5]),
        (np.array([[0.25], [0.5]], dtype=np.float32), [0.25, 0.5]),
        (pd.DataFrame({"no": [0.75, 0.5], "yes": [0.25, 0.5]}), [0.25, 0.5]),
        (np.array([0, 1]), [0.0, 1.0]),
    ],
)
def test_the_last_column_is_the_probability(raw: object, expected: list[float]) -> None:
    assert probabilities(raw, 2).tolist() == expected


@pytest.mark.parametrize(
    "raw", [[0.5], [0.5, 0.5, 0.5], [0.5, np.nan], [0.5, 1.0001], [-1e-9, 0.5], ["a", "b"], None, {}]
)
def test_anything_else_is_impossible(raw: object) -> None:
    with pytest.raises(ImpossibleOutput):
        probabilities(raw, 2)


def test_one_slow_call_is_an_accident_and_three_in_a_row_leave_the_event_loop_until_calls_are_quick_again() -> None:
    handle = constant("6", 0.5)
    for seconds in (0.06, 0.06, 0.001, 0.06, 0.06):
        handle.note_time(seconds)
    assert handle.is_quick
    handle.note_time(0.06)
    assert not handle.is_quick
    for _ in range(100):
        handle.note_time(0.001)
    assert handle.is_quick


@pytest.mark.slow
def test_a_plain_pipeline_is_asked_with_arrays_and_says_the_same(registry: Registry, tmp_path: Path) -> None:
    handle = Models(registry.uri, MODEL, tmp_path).load(registry.versions["plain"])
    assert handle.runtime == "sklearn on arrays"
    seen = handle.predict(handle.schema.features(Batch(None, [ROW])), 1)
    assert seen.tolist() == pytest.approx([registry.probability(game())], abs=1e-12)


@pytest.mark.slow
def test_a_missing_version_is_not_found_and_a_registry_that_breaks_is_unavailable(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(NotFound, match="no version 99"):
        Models(registry.uri, MODEL, tmp_path).load("99")
    with pytest.raises(Unavailable):
        Models("http://127.0.0.1:9", MODEL, tmp_path).load("1")


@pytest.mark.slow
def test_a_version_whose_artifacts_were_changed_after_registration_is_refused(
    record: Record, registry: Registry, tmp_path: Path
) -> None:
    from mlflow import MlflowClient

    client, version = MlflowClient(record.uri, record.uri), registry.versions["plain"]
    models = Models(record.uri, MODEL, tmp_path / "cache")
    models.load(version)
    (kept,) = (tmp_path / "cache" / MODEL).glob("*")
    client.set_model_version_tag(MODEL, version, DIGEST_TAG, digest(kept))
    Models(record.uri, MODEL, tmp_path / "cache").load(version)
    Models(record.uri, MODEL, tmp_path / "elsewhere").load(version)
    client.set_model_version_tag(MODEL, version, DIGEST_TAG, "0" * 64)
    with pytest.raises(Refused, match="register them as a new version"):
        Models(record.uri, MODEL, tmp_path / "cache").load(version)


@pytest.mark.slow
def test_a_cached_copy_that_was_changed_is_fetched_again(record: Record, registry: Registry, tmp_path: Path) -> None:
    from mlflow import MlflowClient

    version = registry.versions["plain"]
    Models(record.uri, MODEL, tmp_path).load(version)
    (kept,) = (tmp_path / MODEL).glob("*")
    MlflowClient(record.uri, record.uri).set_model_version_tag(MODEL, version, DIGEST_TAG, digest(kept))
    (kept / "model.pkl").write_bytes(b"other")
    assert Models(record.uri, MODEL, tmp_path).load(version).runtime == "sklearn on arrays"


class TakesArraysForOthers(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn ships no types
    """Read columns by name from a frame, and by another order from an array."""

    def fit(self, X: Any, y: Any) -> TakesArraysForOthers:
        """Learn nothing."""
        self.classes_ = np.array([0, 1])
        return self

    def predict_proba(self, X: Any) -> Any:
        """Return a share of two columns."""
        first, second = (X["a"], X["b"]) if isinstance(X, pd.DataFrame) else (X[:, 1], X[:, 0])
        p = 1 / (1 + np.exp(-(np.asarray(first) - 2 * np.asarray(second))))
        return np.column_stack([1 - p, p])


@pytest.mark.slow
def test_a_pipeline_that_reads_arrays_in_another_order_is_asked_with_frames(tmp_path: Path) -> None:
    import mlflow

    frame = pd.DataFrame({"a": [0.0, 0.0], "b": [0.0, 0.0]})
    mlflow.sklearn.save_model(
        TakesArraysForOthers().fit(frame, None),
        tmp_path / "model",
        signature=mlflow.models.infer_signature(frame),
        pyfunc_predict_fn="predict_proba",
        serialization_format="cloudpickle",
        pip_requirements=[],
    )
    handle = open_folder("1", tmp_path / "model")
    assert handle.runtime == "sklearn on frames"
    assert handle.predict(np.array([[1.0, 0.0]]), 1)[0] == pytest.approx(1 / (1 + np.exp(-1)))


NARROW_MODEL = """
import mlflow.pyfunc


class Narrow(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        kinds = model_input.dtypes if hasattr(model_input, "dtypes") else [model_input.dtype]
        assert {str(kind) for kind in kinds} <= {"float32", "int32"}, kinds
        values = model_input.to_numpy() if hasattr(model_input, "to_numpy") else model_input
        return values[:, 0] / (values[:, 0] + values[:, 1])


mlflow.models.set_model(Narrow())
"""


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["tensor", "columns"])
def test_a_custom_model_gets_the_types_of_its_signature(tmp_path: Path, kind: str) -> None:
    import mlflow

    example: Any = np.array([[1.0, 3.0], [2.0, 2.0]], dtype=np.float32)
    if kind == "columns":
        example = pd.DataFrame(example, columns=["a", "b"]).astype({"b": "int32"})
    (tmp_path / "narrow.py").write_text(NARROW_MODEL, encoding="utf-8")
    mlflow.pyfunc.save_model(
        tmp_path / "model",
        python_model=str(tmp_path / "narrow.py"),
        signature=mlflow.models.infer_signature(example, np.array([0.5])),
        input_example=example,
        pip_requirements=[],
    )
    handle = open_folder("1", tmp_path / "model")
    batch = Batch(None if kind == "tensor" else ("a", "b"), [[1.0, 3], [3.0, 1]])
    assert handle.predict(handle.schema.features(batch), 2).tolist() == [0.25, 0.75]


@pytest.mark.slow
def test_an_onnx_twin_is_preferred_and_agrees(registry: Registry, tmp_path: Path) -> None:
    import mlflow.sklearn
    from skl2onnx import to_onnx
    from skl2onnx.common.data_types import DoubleTensorType

    Models(registry.uri, MODEL, tmp_path).load(registry.versions["plain"])
    (folder,) = (tmp_path / MODEL).glob("*")
    plain = mlflow.sklearn.load_model(str(folder))
    twin = to_onnx(plain, initial_types=[("rows", DoubleTensorType([None, len(COLUMNS)]))], options={"zipmap": False})
    (folder / "twin").mkdir()
    (folder / "twin" / "model.onnx").write_bytes(twin.SerializeToString())
    handle = open_folder("1", folder)
    assert handle.runtime == "onnxruntime"
    assert handle.predict(np.array([ROW]), 1)[0] == pytest.approx(registry.probability(game()), abs=1e-6)
