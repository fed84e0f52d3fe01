"""Bring model folders to this machine, from wherever their URI points."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from blocks.catalogue import versions
from blocks.errors import NotFound, Refused, Unavailable
from blocks.log.client import asking, client

if TYPE_CHECKING:
    from mlflow.models import Model

PROXIED = "mlflow-artifacts:/"


@dataclass(frozen=True, slots=True)
class Origin:
    """What the record knows of where a model came from; all empty for a folder that no run wrote."""

    run_id: str | None = None
    params: dict[str, str] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)


def fetch(tracking_uri: str, uri: str, place: Path) -> Path:
    """Return a copy of a model folder below `place`; raise Refused for what is no model folder."""
    import mlflow

    if "://" not in uri and ":/" not in uri:
        folder = Path(uri)
        if not (folder / "MLmodel").is_file():
            raise Refused(
                f"{uri} is not a model folder: it holds no file MLmodel.", "Name what mlflow.*.save_model wrote."
            )
        try:
            return Path(shutil.copytree(folder, place / "model"))
        except (OSError, shutil.Error) as error:
            raise Refused(f"The model folder {uri} cannot be read: {error}.", "Make every file readable.") from error
    with asking(f"read the model {uri}", tracking_uri):
        mlflow.set_tracking_uri(tracking_uri)
        mlflow.set_registry_uri(tracking_uri)
        found = Path(mlflow.artifacts.download_artifacts(artifact_uri=uri, dst_path=str(place)))
    if not (found / "MLmodel").is_file():
        raise Refused(f"{uri} is not a model: it holds no file MLmodel.", "Name what mlflow.*.log_model returned.")
    return found


def described(folder: Path, uri: str) -> Model:
    """Return what a model folder says of itself; raise Refused where it cannot be read or has no signature."""
    from mlflow.models import Model

    try:
        model = Model.load(str(folder))
    except Exception as error:  # a file written by others may be anything
        raise Refused(f"The file MLmodel of {uri} cannot be read: {error}.", "Save the model again.") from error
    if model.signature is None or model.signature.inputs is None:
        remedy = "Log it again with signature=mlflow.models.infer_signature(rows, answers)."
        raise Refused(f"The model {uri} has no signature, so no request can be checked against it.", remedy)
    return model


def origin(tracking_uri: str, model: Model, uri: str) -> Origin:
    """Return the run that a model came from, as its URI or the model itself names it, if this record has it."""
    run_id = uri.split("/")[1] if uri.startswith("runs:/") else model.run_id
    if not run_id:
        return Origin()
    try:
        with asking(f"read run {run_id}", tracking_uri):
            run = client(tracking_uri).get_run(run_id)
    except NotFound:
        return Origin()
    return Origin(run_id, dict(run.data.params), dict(run.data.metrics), dict(run.data.tags))


def fetch_version(tracking_uri: str, model: str, version: str, place: Path, files: str = "") -> Path:
    """Return the files of a registered version, copied below `place`; raise NotFound or Unavailable.

    files: the folder behind MLflow's artifact proxy, to read it where no server runs.
    """
    from mlflow.exceptions import MlflowException
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    versions.version(tracking_uri, model, version)
    target = place / "model"
    try:
        # not models:/name/version itself: MLflow would look that up in the process's global registry
        where = client(tracking_uri).get_model_version_download_uri(model, version)
        if behind := _behind_the_proxy(tracking_uri, where, files):
            found = Path(shutil.copytree(behind, target))
        else:
            target.mkdir(parents=True)
            repository = get_artifact_repository(where, tracking_uri=tracking_uri, registry_uri=tracking_uri)
            found = Path(repository.download_artifacts("", dst_path=str(target)))
        if not (found / "MLmodel").is_file():  # of a folder that is gone, MLflow gives an empty one
            raise FileNotFoundError(f"there is no file MLmodel at {where}")
    except (MlflowException, OSError) as broken:
        said = f"The artifacts of {model} version {version} cannot be fetched: {broken}."
        raise Unavailable(said, "`gamenight doctor` shows what is reachable.") from broken
    return found


def _behind_the_proxy(tracking_uri: str, where: str, files: str) -> Path | None:
    """Return the folder of an artifact URI that only a server could resolve, None where it can be asked as it is."""
    if not files or tracking_uri.startswith("http"):
        return None
    if where.startswith("runs:/"):
        run, _, rest = where.removeprefix("runs:/").partition("/")
        where = f"{client(tracking_uri).get_run(run).info.artifact_uri}/{rest}"
    return Path(files) / where.removeprefix(PROXIED).lstrip("/") if where.startswith(PROXIED) else None
