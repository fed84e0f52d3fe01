"""Whose successor a version is: parents are versions of the same model, and nobody is their own ancestor."""

from __future__ import annotations

from collections.abc import Mapping

from blocks.catalogue import versions
from blocks.errors import NotFound, Refused

PARENT_TAG = "parent"


def must_be_known(tracking_uri: str, model: str, parent: str) -> None:
    """Raise NotFound for a parent that is no version of the model."""
    try:
        if not parent.isdigit():
            raise NotFound(parent)
        versions.version(tracking_uri, model, parent)
    except NotFound as error:
        known = [str(row["version"]) for row in versions.versions(tracking_uri, model)]
        said = f"The parent {parent!r} is no version of {model}; it has {', '.join(known) or 'none'}."
        raise NotFound(said, "Name the number of a version, or leave the parent out.") from error


def adopt(tracking_uri: str, model: str, version: str, parent: str) -> None:
    """Let a version that has no parent yet have one; raise Refused for a cycle, or for another parent than it has."""
    parents = parents_of(tracking_uri, model)
    standing = parents.get(version)
    if standing == parent:
        return
    if standing is not None:
        said = f"Version {version} of {model} is this content already, and its parent is {standing}."
        raise Refused(said, "A version keeps its parent: leave it out, or name the same.")
    if version in chain({**parents, version: parent}, parent):
        said = f"Version {parent} of {model} descends from version {version}, which is this content already."
        raise Refused(said, "A version cannot be its own ancestor: leave the parent out.")
    versions.tag(tracking_uri, model, version, PARENT_TAG, parent)


def parents_of(tracking_uri: str, model: str) -> dict[str, str]:
    """Return `{version: parent}` of every version that has one."""
    found = {}
    for row in versions.versions(tracking_uri, model):
        tags: Mapping[str, str] = row["tags"]  # type: ignore[assignment]
        if PARENT_TAG in tags:
            found[str(row["version"])] = tags[PARENT_TAG]
    return found


def chain(parents: Mapping[str, str], version: str) -> list[str]:
    """Return a version and its ancestors, the version first; a chain that comes back to itself ends there.

    >>> chain({"3": "2", "2": "1"}, "3")
    ['3', '2', '1']
    """
    found = [version]
    while (parent := parents.get(found[-1])) is not None and parent not in found:
        found.append(parent)
    return found
