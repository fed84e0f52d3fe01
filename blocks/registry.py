"""MLflow as the system of record: the log of rollouts and the catalogue of versions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prefect.blocks.core import Block
from pydantic import Field

from blocks.catalogue import copying, lineage, loading, models, registering, runs, search, versions
from blocks.log.rollouts import RolloutLog

if TYPE_CHECKING:
    import numpy as np
    from pandas import DataFrame


class Registry(Block):
    """Name the MLflow server that holds the models and every decision about them.

    Raises Unavailable where asking again may help, and NotFound, Conflict and Refused where it does not.
    """

    _block_type_name = "Gamenight Registry"
    _block_type_slug = "gamenight-registry"
    _description = "The MLflow server that is the record of models and of every decision about them."

    tracking_uri: str = Field(
        title="MLflow tracking URI", description="http://127.0.0.1:5000 or sqlite:////path/mlflow.db"
    )

    files: str = Field(
        default="",
        title="Files behind the artifact proxy",
        description="The folder that MLflow's server hands out, to read it where no server runs",
    )

    @property
    def log(self) -> RolloutLog:
        """Return the log of rollouts."""
        return RolloutLog(self.tracking_uri)

    def log_model(self, model: str, trained: models.Trained) -> str:
        """Log a fitted pipeline and return its model URI."""
        return models.log(self.tracking_uri, model, trained)

    def register(self, model: str, uri: str, tags: Mapping[str, str], terms: registering.Terms | None = None) -> str:
        """Return the version of a model URI or folder; the same content is registered once."""
        return registering.register(self.tracking_uri, model, uri, tags, terms)

    def load_model(self, model: str, named: str) -> Callable[[DataFrame], np.ndarray]:
        """Return the function from raw rows to probabilities of a version, an alias or `latest`.

        Raises Tampered where its files are not the ones that were registered.
        """
        return loading.load(self.tracking_uri, model, named, self.files)

    def verify(self, model: str, version: str) -> dict[str, object]:
        """Return whether a version's files still have the digest of its registration, and which changed."""
        return loading.verify(self.tracking_uri, model, version, self.files)

    def version_text(self, model: str, version: str, path: str) -> str:
        """Return a text file of a version's folder; raise NotFound when it has none."""
        return loading.text_of(self.tracking_uri, model, version, path, self.files)

    def download(self, model: str, version: str, to: Path) -> Path:
        """Write the files of a version into a folder and return the model's own folder in it."""
        return copying.download(self.tracking_uri, model, version, to)

    def columns(self, model: str, version: str) -> dict[str, str]:
        """Return the columns and types of a version's signature."""
        return loading.columns(self.tracking_uri, model, version, self.files)

    def version(self, model: str, number: str) -> dict[str, object]:
        """Return one version's row."""
        return versions.version(self.tracking_uri, model, number)

    def versions(self, model: str) -> list[dict[str, object]]:
        """Return every version of a model, oldest first."""
        return versions.versions(self.tracking_uri, model)

    def row(self, model: str, number: str) -> dict[str, Any]:
        """Return one version's row with its metrics, parameters, stage and framework."""
        return search.shown(versions.version(self.tracking_uri, model, number))

    def search(self, model: str, wanted: search.Wanted) -> list[dict[str, Any]]:
        """Return the versions that are wanted, oldest first."""
        return search.search(self.tracking_uri, model, wanted)

    def parents(self, model: str) -> dict[str, str]:
        """Return `{version: parent}` of every version that has one."""
        return lineage.parents_of(self.tracking_uri, model)

    def resolve(self, model: str, named: str) -> str:
        """Return the version that a number, an alias or `latest` names."""
        return versions.resolve(self.tracking_uri, model, named)

    def aliases(self, model: str) -> dict[str, str]:
        """Return `{alias: version}`."""
        return versions.aliases(self.tracking_uri, model)

    def set_alias(self, model: str, alias: str, version: str | None) -> bool:
        """Point an alias at a version, or drop it, and say whether anything changed."""
        return versions.set_alias(self.tracking_uri, model, alias, version)

    def tag(self, model: str, version: str, key: str, value: str) -> None:
        """Write one tag of a version."""
        versions.tag(self.tracking_uri, model, version, key, value)

    def tag_model(self, model: str, key: str, value: str) -> None:
        """Write one tag of a model."""
        versions.tag_model(self.tracking_uri, model, key, value)

    def run_text(self, run_id: str, path: str) -> str:
        """Return a text artifact of a run; raise NotFound when it has none."""
        return models.run_text(self.tracking_uri, run_id, path)

    def run_params(self, run_id: str) -> dict[str, str]:
        """Return the params of a run."""
        return runs.params(self.tracking_uri, run_id)

    def record_run(self, experiment: str, name: str, metrics: Mapping[str, float], files: Mapping[str, str]) -> str:
        """Write one finished run with metrics and text files and return its id."""
        return runs.record(self.tracking_uri, experiment, name, metrics, files)
