"""A flow file defines its flow and nothing else, is named like nothing importable, and is deployed."""

from __future__ import annotations

import ast
import importlib.machinery
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.house.rooms import ROOT, flow_files, tree_of

HEAVY = ("mlflow", "great_expectations", "scipy.stats", "pandas")


def _deployments() -> dict[str, dict[str, Any]]:
    text = (ROOT / "deployments" / "prefect.yaml").read_text(encoding="utf-8")
    return {one["entrypoint"]: one for one in yaml.safe_load(text)["deployments"]}


def _flow_of(path: Path) -> ast.FunctionDef:
    found = [node for node in tree_of(path).body if isinstance(node, ast.FunctionDef)]
    assert len(found) == 1, f"{path} defines {[one.name for one in found]}"
    return found[0]


@pytest.mark.parametrize("path", flow_files(), ids=str)
def test_a_flow_is_named_like_nothing_that_can_be_imported(path: Path) -> None:
    """`flows/` stays first on the path while a flow runs, so its files would hijack such a module."""
    elsewhere = [entry for entry in sys.path if Path(entry).resolve() != ROOT / "flows"]
    assert path.stem not in sys.stdlib_module_names
    assert importlib.machinery.PathFinder.find_spec(path.stem, elsewhere) is None


@pytest.mark.parametrize("path", flow_files(), ids=str)
def test_a_flow_file_defines_its_flow_and_nothing_else(path: Path) -> None:
    """A class defined in a flow file exists twice once the file has been run as a script."""
    allowed = (ast.Import, ast.ImportFrom, ast.Expr, ast.FunctionDef, ast.If)
    assert all(isinstance(node, allowed) for node in tree_of(path).body)
    assert _flow_of(path).name == path.stem


def test_every_flow_is_deployed_and_every_deployment_is_a_flow() -> None:
    assert set(_deployments()) == {f"flows/{path.stem}.py:{path.stem}" for path in flow_files()}


@pytest.mark.parametrize("path", flow_files(), ids=str)
def test_a_deployment_gives_only_parameters_that_its_flow_has(path: Path) -> None:
    taken = {argument.arg for argument in _flow_of(path).args.args + _flow_of(path).args.kwonlyargs}
    assert {"model", "platform"} <= taken
    assert set(_deployments()[f"flows/{path.stem}.py:{path.stem}"].get("parameters", {})) <= taken


@pytest.mark.parametrize("path", flow_files(), ids=str)
def test_the_form_of_a_flow_explains_every_parameter(path: Path) -> None:
    flow = _flow_of(path)
    words = ast.get_docstring(flow) or ""
    assert "Args:" in words
    explained = words.split("Args:", 1)[1]
    unexplained = [one.arg for one in flow.args.args + flow.args.kwonlyargs if f"{one.arg}:" not in explained]
    assert not unexplained


def test_a_schedule_names_its_timezone_and_nothing_pulls_code() -> None:
    for entrypoint, one in _deployments().items():
        assert "pull" not in one
        assert one["description"], entrypoint
        for schedule in one.get("schedules", []):
            assert schedule["timezone"] == "America/New_York"
            assert schedule["slug"], entrypoint


@pytest.mark.slow
def test_a_flow_file_imports_no_heavy_library() -> None:
    """So it imports in about Prefect's own time: the four heavy ones take between 1 and 8 s."""
    names = ", ".join(f"flows.{path.stem}" for path in flow_files())
    code = f"import sys, {names}; print([name for name in {HEAVY!r} if name in sys.modules])"
    seen = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert seen.stdout.strip() == "[]"
