"""An MLflow run's model, a model URI or a model folder becomes a version, once."""

from __future__ import annotations

from prefect import flow

from blocks.platform import Platform
from tasks.registry import register_version


@flow(name="register", flow_run_name="register {uri} as {model}")
def register(
    uri: str, model: str = "nba-win", platform: str = "local", by: str = "schedule", parent: str | None = None
) -> str:
    """Register a model under a name and return its version; the same content registers once.

    Args:
        uri: What log_model returned (models:/m-...), runs:/RUN/model, or a local folder with a file MLmodel.
        model: The registered model to add a version to.
        platform: The saved platform to work on.
        by: Who or what asked for it.
        parent: The version that this one succeeds, for the lineage.
    """
    return register_version(Platform.open(platform), model, uri, by, parent)
