"""The demo's outcomes are nowhere written down: no condition in it names a version or a model."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house.rooms import product_files, tree_of

DEMO = [path for path in product_files() if path.parts[:2] == ("deployments", "demo")]


@pytest.mark.parametrize("path", DEMO, ids=lambda path: path.stem)
def test_no_condition_of_the_demo_names_a_version_or_a_model(path: Path) -> None:
    assert not [word for word in _words_in_conditions(tree_of(path)) if _names_a_version(word)]


def test_such_a_condition_would_be_seen() -> None:
    wrong = ast.parse("x = 1 if rollout.plan.to_version == '3' else 2")
    assert any(map(_names_a_version, _words_in_conditions(wrong)))


def _words_in_conditions(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        tested = getattr(node, "test", None) or getattr(node, "subject", None)
        for part in ast.walk(tested) if isinstance(tested, ast.AST) else ():
            if isinstance(part, ast.Constant) and isinstance(part.value, str):
                yield part.value


def _names_a_version(word: str) -> bool:
    return word.isdigit() or "nba" in word or "PROMOTED" in word or "ROLLED_BACK" in word
