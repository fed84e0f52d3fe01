"""The trade's words, and none of the names that say nothing."""

from __future__ import annotations

import ast
from pathlib import Path

from tests.house.rooms import ROOMS, functions_of, product_files, tree_of

EMPTY_ROOMS = {"utils", "util", "common", "helpers", "helper", "core", "base", "manager", "managers", "misc", "shared"}
EMPTY_VERBS = {"data", "info", "process", "handle", "do"}


def test_no_file_or_folder_has_a_name_that_says_nothing() -> None:
    assert not [str(path) for path in product_files() if {*path.parts[1:-1], path.stem} & EMPTY_ROOMS]


def test_no_function_or_class_has_a_name_that_says_nothing() -> None:
    functions = {f"{path}: {one.name}" for path in product_files() for one in functions_of(path) if _is_empty(one.name)}
    classes = {f"{path}: {one.name}" for path in product_files() for one in _classes_of(path) if _is_empty(one.name)}
    assert not functions | classes


def _classes_of(path: Path) -> list[ast.ClassDef]:
    return [node for node in ast.walk(tree_of(path)) if isinstance(node, ast.ClassDef)]


def _is_empty(name: str) -> bool:
    return name in EMPTY_VERBS | EMPTY_ROOMS or name.endswith(("Manager", "Helper", "Utils"))


def test_a_folder_never_bears_a_root_files_name() -> None:
    modules = {path.with_suffix("") for path in product_files()}
    packages = {path.parent for path in product_files() if path.name == "__init__.py"}
    assert not modules & packages, "the folder would shadow the file"
    assert {package.parts[0] for package in packages} == set(ROOMS)


def test_every_public_name_says_what_it_is_for() -> None:
    assert not [f"{path}: {name}" for path in product_files() for name in _silent_names(path)]


def _silent_names(path: Path) -> list[str]:
    tree = tree_of(path)
    silent = [] if ast.get_docstring(tree) or not tree.body else ["the module"]
    owners: list[ast.Module | ast.ClassDef] = [tree]
    owners += [node for node in tree.body if isinstance(node, ast.ClassDef) and not node.name.startswith("_")]
    for owner in owners:
        for node in owner.body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and not _may_be_silent(node):
                silent.append(node.name)
    return silent


def _may_be_silent(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> bool:
    return node.name.startswith("_") or bool(ast.get_docstring(node)) or _is_overload(node)


def _is_overload(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> bool:
    return any(isinstance(mark, ast.Name) and mark.id in {"overload", "override"} for mark in node.decorator_list)
