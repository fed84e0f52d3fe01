"""What the house tests read: the files of each room, parsed once."""

from __future__ import annotations

import ast
import tomllib
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("flows", "tasks", "blocks", "deployments")
CRAFTS = ("rollout", "judgement", "rivals", "drift", "quality", "proving", "alerting", "nba")


@lru_cache(maxsize=1)
def product_files() -> tuple[Path, ...]:
    """Return every Python file of the product, relative to the root."""
    return tuple(sorted(path.relative_to(ROOT) for room in ROOMS for path in (ROOT / room).rglob("*.py")))


@lru_cache(maxsize=1)
def files_of_tests() -> tuple[Path, ...]:
    """Return every Python file of the tests, relative to the root."""
    return tuple(sorted(path.relative_to(ROOT) for path in (ROOT / "tests").rglob("*.py")))


@lru_cache(maxsize=1)
def flow_files() -> tuple[Path, ...]:
    """Return the files of the flows, relative to the root."""
    return tuple(path for path in product_files() if path.parent == Path("flows") and path.stem != "__init__")


@cache
def tree_of(path: Path) -> ast.Module:
    """Return a file's syntax tree."""
    return ast.parse((ROOT / path).read_text(encoding="utf-8"), filename=str(path))


@lru_cache(maxsize=1)
def pyproject() -> dict[str, Any]:
    """Return pyproject.toml."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def functions_of(path: Path) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Return every function and method of a file."""
    return [node for node in ast.walk(tree_of(path)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
