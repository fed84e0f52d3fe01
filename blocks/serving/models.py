"""Versions on this machine: fetched once, kept by digest, loaded, warmed, ready to be routed to."""

from __future__ import annotations

import logging
import shutil
import tempfile
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from blocks.catalogue.digest import digest as folder_digest
from blocks.catalogue.trust import DIGEST_TAG, must_be_trusted
from blocks.errors import NotFound, Unavailable
from blocks.serving.handle import ModelHandle, open_folder

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion

LOG = logging.getLogger(__name__)
KEPT_LOADED = 8


@dataclass(slots=True)
class Models:
    """Load versions of one registered model; `load` blocks and belongs in a background thread."""

    tracking_uri: str
    model: str
    cache: Path
    _loaded: dict[str, ModelHandle] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def loaded(self, version: str) -> ModelHandle | None:
        """Return a version that is ready, None for any other."""
        return self._loaded.get(version)

    def load(self, version: str) -> ModelHandle:
        """Return a version, fetched and warmed if need be; raises Unavailable, NotFound or Refused."""
        with self._lock:
            if (ready := self._loaded.get(version)) is not None:
                return ready
            handle = open_folder(version, self._fetch(version))
            self._loaded[version] = handle
            LOG.info("version %s of %s is loaded: %s", version, self.model, handle.runtime)
            return handle

    def keep(self, versions: list[str]) -> None:
        """Let go of the oldest versions beyond the ones named and a few more, so that going back costs nothing."""
        with self._lock:
            for version in list(self._loaded):
                if len(self._loaded) <= KEPT_LOADED:
                    return
                if version not in versions:
                    del self._loaded[version]

    def _fetch(self, version: str) -> Path:
        found = self._find(version)
        recorded = (found.tags or {}).get(DIGEST_TAG)
        for folder in self.cache.glob(f"{self.model}/{version}-*"):
            digest = folder_digest(folder)
            # without a recorded digest the registry must be asked again: the store may hold other bytes by now
            if recorded is not None and digest == recorded and folder.name.endswith(digest[:16]):
                return folder
        return self._download(version, found)

    def _download(self, version: str, found: ModelVersion) -> Path:
        home = self.cache / self.model
        home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=home, prefix=".fetch-") as scratch:
            fetched = self._artifacts(version, found, Path(scratch))
            must_be_trusted(f"Version {version} of {self.model}", fetched, found.tags or {})
            digest = folder_digest(fetched)
            folder = home / f"{version}-{digest[:16]}"
            if folder.exists() and folder_digest(folder) != digest:
                shutil.rmtree(folder)
            if not folder.exists():
                fetched.rename(folder)
        return folder

    def _artifacts(self, version: str, found: ModelVersion, scratch: Path) -> Path:
        from mlflow.exceptions import MlflowException
        from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

        uri = f"models:/{self.model}/{version}"
        target = scratch / "model"
        target.mkdir()
        try:
            # not models:/name/version itself: MLflow would look that up in the process's global registry
            where = self._client().get_model_version_download_uri(self.model, version)
            repository = get_artifact_repository(where, tracking_uri=self.tracking_uri, registry_uri=self.tracking_uri)
            return Path(repository.download_artifacts("", dst_path=str(target)))
        except (MlflowException, OSError) as broken:
            raise Unavailable(f"The artifacts of {uri} ({found.source}) cannot be fetched: {broken}.") from broken

    def _find(self, version: str) -> ModelVersion:
        from mlflow.exceptions import MlflowException

        try:
            return self._client().get_model_version(self.model, version)
        except MlflowException as broken:
            if broken.error_code == "RESOURCE_DOES_NOT_EXIST":
                raise NotFound(f"{self.model} has no version {version} at {self.tracking_uri}.") from broken
            raise Unavailable(f"Version {version} of {self.model} cannot be read: {broken.message}.") from broken

    def _client(self) -> MlflowClient:
        from mlflow import MlflowClient

        return MlflowClient(tracking_uri=self.tracking_uri, registry_uri=self.tracking_uri)
