"""What may be loaded: files with the digest of their registration, and pickles only if they were registered here."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from blocks.catalogue.digest import digest, manifest
from blocks.errors import Refused

DIGEST_TAG = "artifact.digest"
PICKLES = (".pkl", ".pickle", ".joblib", ".pt", ".pth", ".cloudpickle")
PICKLE_FORMATS = ("pickle", "cloudpickle")
MANIFEST = "registration/manifest.json"


class Tampered(Refused):
    """The files of a version are not the ones that were registered: nothing of them is loaded."""


def pickled(folder: Path) -> str:
    """Return which file of a model folder runs code when it is opened, or an empty text."""
    files = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.suffix.lower() in PICKLES)
    return files[0] if files else ""


def must_be_trusted(named: str, folder: Path, tags: Mapping[str, str]) -> None:
    """Raise Tampered where files differ from what was registered, Refused for a pickle that was not registered here."""
    recorded = tags.get(DIGEST_TAG)
    if recorded is None:
        pickle = pickled(folder)
        if pickle:
            said = f"{named} was not registered by this project, and its file {pickle} runs code when it is opened."
            raise Refused(said, "Register it: gamenight release --help; or save it as skops or ONNX.")
        return
    found = digest(folder)
    if found != recorded:
        changed = ", ".join(changed_files(folder)) or "its list of files"
        raise Tampered(
            f"{named} has the digest {found}; at registration it was {recorded}. Changed: {changed}.",
            "Somebody changed its artifacts: register them as a new version.",
        )


def changed_files(folder: Path) -> list[str]:
    """Return the files that differ from the manifest that the registration left in the folder, by path."""
    try:
        kept: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    found = {path: sha for path, sha in manifest(folder).items() if path != MANIFEST}
    return sorted(path for path in kept.keys() | found.keys() if kept.get(path) != found.get(path))
