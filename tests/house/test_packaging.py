"""What is installed: the packages, the pins and the top level."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from tests.house.rooms import ROOT, product_files, pyproject

TOP_LEVEL = {
    *("pyproject.toml", "README.md", "LICENSE", "Makefile", "constraints.txt"),
    *("flows", "tasks", "blocks", "deployments", "tests", "docs"),
    *(".github", ".ci", ".gitignore", ".gitattributes", ".dockerignore", ".editorconfig", ".pre-commit-config.yaml"),
}
PIN = re.compile(r"^(?P<name>[A-Za-z0-9_.-]+)==(?P<version>[^ ;]+)(?: ; (?P<marker>.+))?$")


def _pins() -> dict[str, list[Version]]:
    pins: dict[str, list[Version]] = {}
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines():
        matched = PIN.match(line)
        assert matched, f"constraints.txt holds more than pins: {line}"
        pins.setdefault(_normal(matched["name"]), []).append(Version(matched["version"]))
    return pins


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _requirements() -> list[Requirement]:
    project = pyproject()["project"]
    lines = [*project["dependencies"], *(line for extra in project["optional-dependencies"].values() for line in extra)]
    return [one for one in map(Requirement, lines) if one.name != project["name"]]


def test_the_packages_list_is_complete() -> None:
    listed = pyproject()["tool"]["setuptools"]["packages"]
    found = {".".join(path.parent.parts) for path in product_files() if path.name == "__init__.py"}
    assert set(listed) == found
    assert len(listed) == len(set(listed))


def test_every_folder_of_the_product_with_code_is_a_package() -> None:
    packages = {path.parent for path in product_files() if path.name == "__init__.py"}
    assert {path.parent for path in product_files()} == packages


def test_every_dependency_is_pinned_within_its_bounds() -> None:
    pins = _pins()
    for one in _requirements():
        assert _normal(one.name) in pins, f"{one.name} is not in constraints.txt"
        outside = [version for version in pins[_normal(one.name)] if version not in one.specifier]
        assert not outside, f"{one} is pinned to {outside}"


def test_the_constraints_name_no_host() -> None:
    text = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    assert "://" not in text
    assert "@" not in text
    assert "--" not in text


def test_the_top_level_is_as_fixed() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("this is not a checkout, so what belongs to it is not known")
    assert {Path(line).parts[0] for line in listed.stdout.splitlines()} <= TOP_LEVEL


def test_the_readme_is_short_and_names_the_two_commands_and_every_folder() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 120
    for named in ("make demo", "make test", "flows/", "tasks/", "blocks/", "deployments/", "tests/", "docs/"):
        assert named in text


def test_continuous_integration_runs_the_readmes_test_command() -> None:
    assert "make test" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert "bash .ci/run" in (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
