"""The registered versions of a model: aliases, tags, and the one way to set them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from blocks.errors import Conflict, NotFound, Refused
from blocks.log.client import asking, client

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion


def aliases(tracking_uri: str, model: str) -> dict[str, str]:
    """Return `{alias: version}` of a model; raise NotFound when it is not registered."""
    with asking(f"read the aliases of {model}", tracking_uri):
        found = client(tracking_uri).get_registered_model(model).aliases
    return {alias: str(version) for alias, version in found.items()}


def set_alias(tracking_uri: str, model: str, alias: str, version: str | None) -> bool:
    """Let an alias name a version, or drop it for None, and say whether anything had to change.

    What was written is read back: an alias that does not stand afterwards raises Conflict.
    """
    standing = aliases(tracking_uri, model)
    if standing.get(alias) == version:
        return False
    with asking(f"point {model}@{alias} to {version}", tracking_uri):
        if version is None:
            client(tracking_uri).delete_registered_model_alias(model, alias)
        else:
            client(tracking_uri).set_registered_model_alias(model, alias, version)
    now = aliases(tracking_uri, model).get(alias)
    if now != version:
        raise Conflict(f"{model}@{alias} was set to {version} and names {now} right after.", "Run the tick again.")
    return True


def tag(tracking_uri: str, model: str, version: str, key: str, value: str) -> None:
    """Write one tag of a version."""
    with asking(f"tag {model} {version} with {key}", tracking_uri):
        client(tracking_uri).set_model_version_tag(model, version, key, value)


def tag_model(tracking_uri: str, model: str, key: str, value: str) -> None:
    """Write one tag of a registered model."""
    with asking(f"tag {model} with {key}", tracking_uri):
        client(tracking_uri).set_registered_model_tag(model, key, value)


def version(tracking_uri: str, model: str, number: str) -> dict[str, object]:
    """Return one version as version, source, run_id, created (ISO), description and tags; raise NotFound."""
    with asking(f"read {model} version {number}", tracking_uri):
        return _row(client(tracking_uri).get_model_version(model, number))


def versions(tracking_uri: str, model: str, tags: Mapping[str, str] | None = None) -> list[dict[str, object]]:
    """Return the versions of a model that carry these tags, oldest first; an unregistered model has none."""
    asked = " and ".join([f"name='{model}'", *(_tagged(key, value) for key, value in (tags or {}).items())])
    found: list[ModelVersion] = []
    token: str | None = None
    with asking(f"list the versions of {model}", tracking_uri):
        while True:
            page = client(tracking_uri).search_model_versions(asked, max_results=1000, page_token=token)
            found.extend(page)
            token = page.token
            if not token:
                break
    return sorted(map(_row, found), key=lambda row: int(str(row["version"])))


def _tagged(key: str, value: str) -> str:
    if "'" in value or "`" in key:
        raise Refused(f"MLflow cannot look for the tag {key}={value}: it holds a quotation mark.", "Look for its text.")
    return f"tags.`{key}` = '{value}'"


def resolve(tracking_uri: str, model: str, named: str) -> str:
    """Return the version number for a number, an alias or `latest`."""
    if named.isdigit():
        return str(version(tracking_uri, model, named)["version"])
    if named == "latest":
        known = versions(tracking_uri, model)
        if not known:
            raise NotFound(f"{model} has no version yet.", "Register one: gamenight release --help.")
        return str(known[-1]["version"])
    standing = aliases(tracking_uri, model)
    if named not in standing:
        raise NotFound(f"{model} has no alias {named!r}; it has {', '.join(sorted(standing)) or 'none'}.")
    return standing[named]


def _row(found: ModelVersion) -> dict[str, object]:
    return {
        "version": str(found.version),
        "source": found.source,
        "run_id": found.run_id,
        "created": datetime.fromtimestamp(found.creation_timestamp / 1000, UTC).isoformat(),
        "description": found.description or "",
        "tags": dict(found.tags),
    }
