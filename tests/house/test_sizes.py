"""Files stop at 300 lines, functions at 50, `__init__` at nothing."""

from __future__ import annotations

import ast
from pathlib import Path

from tests.house.rooms import CRAFTS, ROOT, files_of_tests, functions_of, product_files, tree_of

EVERY_FILE = (*product_files(), *files_of_tests())


def test_a_file_stops_at_300_lines() -> None:
    lines = {str(path): len((ROOT / path).read_text(encoding="utf-8").splitlines()) for path in EVERY_FILE}
    assert not {path: count for path, count in lines.items() if count > 300}


def test_a_function_stops_at_50_lines() -> None:
    lines = {
        f"{path}: {one.name}": (one.end_lineno or 0) - one.lineno + 1
        for path in EVERY_FILE
        for one in functions_of(path)
    }
    assert not {function: count for function, count in lines.items() if count > 50}


def test_an_init_file_is_empty_or_a_crafts_table_of_contents() -> None:
    contents = {Path("tasks", craft, "__init__.py") for craft in CRAFTS}
    full = {path for path in product_files() if path.name == "__init__.py" and tree_of(path).body}
    assert full <= contents
    for path in full:
        assert all(isinstance(node, ast.ImportFrom | ast.Expr | ast.Assign) for node in tree_of(path).body), (
            f"{path} holds more than a table of contents"
        )


def test_tests_are_no_packages() -> None:
    assert not [path for path in files_of_tests() if path.name == "__init__.py"]


def lines_of_code(path: Path) -> int:
    """Return a file's lines without blank ones, comments and docstrings."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    told: set[int] = set()
    for node in ast.walk(tree_of(path)):
        if isinstance(node, documented) and ast.get_docstring(node) is not None:
            told |= set(range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1))
    lines = (ROOT / path).read_text(encoding="utf-8").splitlines()
    code = (at for at, line in enumerate(lines, start=1) if line.strip() and not line.strip().startswith("#"))
    return sum(at not in told for at in code)


def test_the_judgement_can_be_read_in_a_sitting() -> None:
    lines = {str(path): lines_of_code(path) for path in product_files() if path.parent == Path("tasks/judgement")}
    assert sum(lines.values()) < 600, lines
