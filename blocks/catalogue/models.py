"""Models as files: log one, read its signature and the files of its run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from blocks.log.client import asking, client

if TYPE_CHECKING:
    from mlflow.models import Model
    from pandas import DataFrame

SIGNATURE_TAG = "signature"
"""The columns of a version and their types, as JSON, where a tag can hold them."""


@dataclass(frozen=True, slots=True)
class Trained:
    """A fitted scikit-learn pipeline with what its record needs. files: artifact path -> text."""

    pipeline: Any
    example: DataFrame
    name: str
    parameters: Mapping[str, object] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    trusted: Sequence[str] = ()

    def trusting(self, types: Sequence[str]) -> Trained:
        """Return the same with another list of types that the saved file may hold."""
        return replace(self, trusted=tuple(types))


def log(tracking_uri: str, model: str, trained: Trained) -> str:
    """Log a fitted pipeline with signature and input example to the experiment `train/MODEL` and return its URI."""
    import mlflow

    with asking(f"log a model for {model}", tracking_uri):
        mlflow.set_tracking_uri(tracking_uri)
        experiment = mlflow.set_experiment(f"train/{model}")
        with mlflow.start_run(experiment_id=experiment.experiment_id, run_name=trained.name) as run:
            mlflow.log_params(dict(trained.parameters))
            mlflow.log_metrics(dict(trained.metrics))
            for path, text in trained.files.items():
                client(tracking_uri).log_text(run.info.run_id, text, path)
            answer = trained.pipeline.predict_proba(trained.example)
            logged = mlflow.sklearn.log_model(
                trained.pipeline,
                name="model",
                signature=mlflow.models.infer_signature(trained.example, answer),
                input_example=trained.example,
                pyfunc_predict_fn="predict_proba",
                pip_requirements=["scikit-learn", "pandas", "gamenight"],
                serialization_format="skops",
                skops_trusted_types=list(trained.trusted),
            )
    return str(logged.model_uri)


def columns_of(model: Model) -> dict[str, str]:
    """Return `{column: type}` of a model's signature: of a tensor its places, counted from 0."""
    inputs = model.signature.inputs
    if inputs.is_tensor_spec():
        kind, shape = inputs.inputs[0].type, inputs.inputs[0].shape
        return {str(place): str(kind) for place in range(max(int(shape[-1]), 0))}
    return {column.name: str(getattr(column.type, "name", column.type)) for column in inputs.inputs}


def run_text(tracking_uri: str, run_id: str, path: str) -> str:
    """Return a text artifact of a run."""
    with asking(f"read {path} of run {run_id}", tracking_uri), TemporaryDirectory() as place:
        found = client(tracking_uri).download_artifacts(run_id, path, place)
        return Path(found).read_text(encoding="utf-8")
