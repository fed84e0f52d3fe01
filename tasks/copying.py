"""From staging to production: the same files under a version of their own, with where they came from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from blocks.catalogue.trust import DIGEST_TAG
from blocks.errors import Refused
from blocks.platform import Platform
from blocks.registry import Registry
from tasks.registry import UNTIL
from tasks.step import step

CARRIED = ("kind", "trained_from", UNTIL, "data_digest", "author")
"""What a copy keeps of its original's record; what happened to it there, it does not."""


@dataclass(frozen=True, slots=True)
class Copied:
    """A version and its copy; both have the same files."""

    model: str
    version: str
    copy: str
    digest: str


def tags_of(registry: Registry, model: str, version: str) -> dict[str, str]:
    """Return the tags of a version, and what its run says of its training where no tag does."""
    row = registry.version(model, version)
    tags = row["tags"]
    run = registry.run_params(str(row["run_id"])) if row["run_id"] else {}
    found = tags if isinstance(tags, dict) else {}
    return {str(name): str(value) for name, value in (run | found).items()}


def copied(source: Registry, target: Registry, model: str, version: str, came_from: str) -> Copied:
    """Register a version's files in another registry; the same content is one version there, however often it comes.

    Raises Refused for a version that is quarantined, or whose copy has other files than the original was registered
    with.
    """
    known = tags_of(source, model, version)
    if "quarantined" in known:
        remedy = "Register a corrected version, or lift the quarantine after an inquiry."
        raise Refused(f"{model} {version} is quarantined in {came_from}: {known['quarantined']}.", remedy)
    tags = {name: known[name] for name in CARRIED if name in known}
    with TemporaryDirectory() as place:
        folder = source.download(model, version, Path(place))
        copy = target.register(model, str(folder), tags | {"copied.from": f"{came_from} {version}"})
    there = tags_of(target, model, copy)
    if there.get(DIGEST_TAG) != known.get(DIGEST_TAG, there.get(DIGEST_TAG)):
        said = f"{model} {version} of {came_from} arrived with other files than it was registered with"
        raise Refused(f"{said}.", f"Look at its artifacts in {came_from}; do not release version {copy}.")
    return Copied(model, version, copy, str(there.get(DIGEST_TAG, "")))


@step("copy the version")
def copy_files(source: Platform, target: Platform, model: str, version: str, came_from: str) -> Copied:
    """Bring a version from one platform's registry into another's."""
    number = source.registry.resolve(model, version)
    return copied(source.registry, target.registry, model, number, came_from)
