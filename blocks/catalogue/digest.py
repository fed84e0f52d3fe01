"""The digest of a model folder: sha256 over the sha256 of every file, in order of their paths."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

ADDED = ("registration/", "twin/")
"""What a registration writes into a model folder, beside what was handed in."""

_NOT_CONTENT = ("registered_model_meta",)
"""MLflow writes this beside a downloaded version; it is not part of what was registered."""


def manifest(folder: Path) -> dict[str, str]:
    """Return `{path: sha256}` of every file of a model folder.

    MLmodel is left out line by line where MLflow writes ids and times into it, so that the same model logged twice is
    the same model.
    """
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name not in _NOT_CONTENT)
    return {str(path.relative_to(folder)): hashlib.sha256(_content(path)).hexdigest() for path in files}


def digest(folder: Path) -> str:
    """Return the digest of a whole model folder."""
    return _of(manifest(folder))


def source_digest(folder: Path) -> str:
    """Return the digest of what was handed in: the folder less what a registration adds to it.

    A version that is registered again, here or in another registry, is known by this.
    """
    return _of({path: sha for path, sha in manifest(folder).items() if not path.startswith(ADDED)})


def _of(files: Mapping[str, str]) -> str:
    return hashlib.sha256("".join(f"{sha}  {path}\n" for path, sha in files.items()).encode()).hexdigest()


_CHANGES_WITH_EVERY_LOG = (
    "run_id:",
    "model_uuid:",
    "utc_time_created:",
    "model_id:",
    "artifact_path:",
    "model_size_bytes:",
)


def _content(path: Path) -> bytes:
    if path.name != "MLmodel":
        return path.read_bytes()
    kept = [line for line in path.read_text().splitlines() if not line.startswith(_CHANGES_WITH_EVERY_LOG)]
    return "\n".join(kept).encode()
