"""Models as files: log one, register it once, load it for scoring."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from blocks.catalogue import versions
from blocks.catalogue.digest import digest
from blocks.errors import Refused
from blocks.log.client import asking, client

if TYPE_CHECKING:
    import numpy as np
    from pandas import DataFrame

DIGEST_TAG = "artifact.digest"


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


def register(tracking_uri: str, model: str, uri: str, tags: Mapping[str, str]) -> str:
    """Return the version of a model URI or local model folder, registered once for the same content.

    Raises Refused for a folder that is no MLflow model, or a model without a signature.
    """
    with TemporaryDirectory() as place:
        folder, source = _fetch(tracking_uri, model, uri, Path(place))
        _must_have_a_signature(folder, uri)
        sha = digest(folder)
    if _registered(tracking_uri, model, sha) is None:
        _create(tracking_uri, model, source, {**tags, DIGEST_TAG: sha})
    return str(_registered(tracking_uri, model, sha))


def _registered(tracking_uri: str, model: str, sha: str) -> str | None:
    """Return the oldest version of this content: of several who register it at once, all get the same answer."""
    for known in versions.versions(tracking_uri, model):
        if dict(known["tags"]).get(DIGEST_TAG) == sha:  # type: ignore[call-overload]
            return str(known["version"])
    return None


def _fetch(tracking_uri: str, model: str, uri: str, place: Path) -> tuple[Path, str]:
    import mlflow

    if "://" not in uri and ":/" not in uri:
        folder = Path(uri)
        if not (folder / "MLmodel").is_file():
            raise Refused(
                f"{uri} is not a model folder: it holds no file MLmodel.", "Name what mlflow.*.save_model wrote."
            )
        with asking(f"upload {uri}", tracking_uri):
            mlflow.set_tracking_uri(tracking_uri)
            experiment = mlflow.set_experiment(f"train/{model}").experiment_id
            run = client(tracking_uri).create_run(experiment, run_name=f"upload {folder.name}").info.run_id
            client(tracking_uri).log_artifacts(run, str(folder), "model")
            client(tracking_uri).set_terminated(run)
        return folder, f"runs:/{run}/model"
    with asking(f"read the model {uri}", tracking_uri):
        mlflow.set_tracking_uri(tracking_uri)
        found = mlflow.artifacts.download_artifacts(artifact_uri=uri, dst_path=str(place))
    return Path(found), uri


def _must_have_a_signature(folder: Path, uri: str) -> None:
    from mlflow.models import Model

    if not (folder / "MLmodel").is_file():
        raise Refused(f"{uri} is not a model: it holds no file MLmodel.", "Name what mlflow.*.log_model returned.")
    if Model.load(str(folder)).signature is None:
        remedy = "Log it again with signature=mlflow.models.infer_signature(rows, answers)."
        raise Refused(f"The model {uri} has no signature, so no request can be checked against it.", remedy)


def _create(tracking_uri: str, model: str, source: str, tags: Mapping[str, str]) -> str:
    from mlflow.exceptions import MlflowException

    with asking(f"register {source} as {model}", tracking_uri):
        mlflow = client(tracking_uri)
        try:
            mlflow.create_registered_model(model)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
        model_id = source.removeprefix("models:/") if source.startswith("models:/m-") else None
        run_id = _run_of(tracking_uri, source, model_id)
        made = mlflow.create_model_version(model, source, run_id=run_id, tags=dict(tags), model_id=model_id)
    return str(made.version)


def _run_of(tracking_uri: str, source: str, model_id: str | None) -> str | None:
    """Return the run that a source came from, where there is one."""
    if source.startswith("runs:/"):
        return source.split("/")[1]
    return client(tracking_uri).get_logged_model(model_id).source_run_id if model_id else None


def load(tracking_uri: str, model: str, version: str) -> Callable[[DataFrame], np.ndarray]:
    """Return a function from rows of raw columns to one probability a row, shape (n,).

    A version never changes, so a process loads it once. Raises NotFound, and Refused when it cannot be loaded.
    """
    return _loaded(tracking_uri, model, version)


@lru_cache(maxsize=16)
def _loaded(tracking_uri: str, model: str, version: str) -> Callable[[DataFrame], np.ndarray]:
    import mlflow
    import numpy as np

    versions.version(tracking_uri, model, version)
    mlflow.set_tracking_uri(tracking_uri)
    mlflow.set_registry_uri(tracking_uri)
    try:
        found = mlflow.pyfunc.load_model(f"models:/{model}/{version}")
    except Exception as error:  # a model's own code runs here and may raise anything
        raise Refused(f"{model} version {version} does not load: {error}", "Register a version that does.") from error

    def predict(rows: DataFrame) -> np.ndarray:
        answer = np.asarray(found.predict(rows), dtype=float)
        return answer if answer.ndim == 1 else answer[:, -1]

    return predict


def columns(tracking_uri: str, model: str, version: str) -> dict[str, str]:
    """Return `{column: type}` of the version's signature."""
    import mlflow

    with asking(f"read the signature of {model} {version}", tracking_uri):
        mlflow.set_tracking_uri(tracking_uri)
        mlflow.set_registry_uri(tracking_uri)
        signature = mlflow.models.get_model_info(f"models:/{model}/{version}").signature
    return {column.name: str(column.type) for column in signature.inputs.inputs}


def run_text(tracking_uri: str, run_id: str, path: str) -> str:
    """Return a text artifact of a run."""
    with asking(f"read {path} of run {run_id}", tracking_uri), TemporaryDirectory() as place:
        found = client(tracking_uri).download_artifacts(run_id, path, place)
        return Path(found).read_text(encoding="utf-8")
