"""Load registered versions: their files fetched, held against the digest of their registration, then opened."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from blocks.catalogue import versions
from blocks.catalogue.digest import digest
from blocks.catalogue.fetching import fetch_version
from blocks.catalogue.golden import last_column
from blocks.catalogue.models import SIGNATURE_TAG, columns_of
from blocks.catalogue.trust import DIGEST_TAG, changed_files, must_be_trusted
from blocks.errors import NotFound, Refused

if TYPE_CHECKING:
    import numpy as np
    from pandas import DataFrame


def load(tracking_uri: str, model: str, named: str, files: str = "") -> Callable[[DataFrame], np.ndarray]:
    """Return a function from rows of raw columns to one probability a row, shape (n,).

    named: a version, an alias or `latest`. A version never changes, so a process loads it once. Raises NotFound;
    Tampered where its files are not the registered ones; Refused when it cannot be loaded or may not be.
    """
    number = named if named.isdigit() else versions.resolve(tracking_uri, model, named)
    return _loaded(tracking_uri, model, number, files)


@lru_cache(maxsize=16)
def _loaded(tracking_uri: str, model: str, version: str, files: str) -> Callable[[DataFrame], np.ndarray]:
    import mlflow.pyfunc

    # a model may read its files again when it is asked, so they stay as long as it does
    place = TemporaryDirectory()
    folder = fetch_version(tracking_uri, model, version, Path(place.name), files)
    must_be_trusted(f"Version {version} of {model}", folder, _tags(tracking_uri, model, version))
    try:
        found = mlflow.pyfunc.load_model(str(folder))
    except Exception as error:  # a model's own code runs here and may raise anything
        raise Refused(f"{model} version {version} does not load: {error}", "Register a version that does.") from error
    return Loaded(found, place)


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model with the folder that it was loaded from."""

    model: Any
    place: TemporaryDirectory[str]

    def __call__(self, rows: DataFrame) -> np.ndarray:
        """Return one probability a row, shape (n,)."""
        return last_column(self.model.predict(rows))


def _tags(tracking_uri: str, model: str, version: str) -> dict[str, str]:
    return dict(versions.version(tracking_uri, model, version)["tags"])  # type: ignore[call-overload,no-any-return]


def verify(tracking_uri: str, model: str, version: str, files: str = "") -> dict[str, Any]:
    """Return whether a version's files still have the digest of its registration, and which changed."""
    recorded = _tags(tracking_uri, model, version).get(DIGEST_TAG)
    with TemporaryDirectory() as place:
        folder = fetch_version(tracking_uri, model, version, Path(place), files)
        found = digest(folder)
        changed = changed_files(folder) if found != recorded else []
    return {"version": version, "intact": found == recorded, "recorded": recorded, "found": found, "changed": changed}


def columns(tracking_uri: str, model: str, version: str, files: str = "") -> dict[str, str]:
    """Return `{column: type}` of a version's signature: of a tensor its places, counted from 0."""
    from mlflow.models import Model

    kept = _tags(tracking_uri, model, version).get(SIGNATURE_TAG)
    if kept:
        return {str(name): str(kind) for name, kind in json.loads(kept).items()}
    with TemporaryDirectory() as place:
        return columns_of(Model.load(str(fetch_version(tracking_uri, model, version, Path(place), files))))


def text_of(tracking_uri: str, model: str, version: str, path: str, files: str = "") -> str:
    """Return a text file of a version's folder; raise NotFound where it has none."""
    with TemporaryDirectory() as place:
        found = fetch_version(tracking_uri, model, version, Path(place), files) / path
        if not found.is_file():
            raise NotFound(f"Version {version} of {model} has no file {path}.")
        return found.read_text(encoding="utf-8")
