"""An MLflow run's model, a model URI or a model folder becomes a version, once."""

from __future__ import annotations

from prefect import flow

from blocks.platform import Platform
from tasks.registry import Asked, register_version


@flow(name="register", flow_run_name="register {uri} as {model}")
def register(
    uri: str,
    model: str = "nba-win",
    platform: str = "local",
    by: str = "schedule",
    parent: str | None = None,
    description: str = "",
    tags: dict[str, str] | None = None,
) -> str:
    """Register a model under a name and return its version; the same content registers once.

    Args:
        uri: What log_model returned (models:/m-...), runs:/RUN/model, or a local folder with a file MLmodel.
        model: The registered model to add a version to.
        platform: The saved platform to work on.
        by: Who or what asked for it.
        parent: The version that this one succeeds: a number, an alias or `latest`; by default the champion.
        description: What people should know of it.
        tags: Tags of your own.
    """
    return register_version(Platform.open(platform), model, uri, Asked(by, parent, description, tags or {}))
