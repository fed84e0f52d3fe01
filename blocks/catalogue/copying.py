"""Bring a version's files out of a registry, as they are kept there."""

from __future__ import annotations

from pathlib import Path

from blocks.errors import Refused
from blocks.log.client import asking, client


def download(tracking_uri: str, model: str, version: str, to: Path) -> Path:
    """Write the files of a version into a folder and return the model's own folder in it.

    Raises NotFound for no such version, Unavailable where the store does not answer, and Refused where what it gives is
    no model.
    """
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    with asking(f"fetch the files of {model} {version}", tracking_uri):
        # not models:/name/version itself: MLflow would look that up in the process's one registry
        where = client(tracking_uri).get_model_version_download_uri(model, version)
        repository = get_artifact_repository(where, tracking_uri=tracking_uri, registry_uri=tracking_uri)
        folder = Path(repository.download_artifacts("", dst_path=str(to)))
    if not (folder / "MLmodel").is_file():
        raise Refused(f"The files of {model} {version} at {tracking_uri} are no model.", "Register it again.")
    return folder
