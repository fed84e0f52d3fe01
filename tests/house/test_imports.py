"""What is imported where: heavy libraries inside functions, the environment in two files."""

from __future__ import annotations

import ast
from pathlib import Path

from tests.house.rooms import ROOT, product_files, tree_of

HEAVY = ("mlflow", "great_expectations", "scipy.stats", "pandas")
# its classes derive from the library's, so it is itself imported where a gate runs
DERIVES_FROM_A_HEAVY_LIBRARY = {Path("blocks/suites/expectations.py")}
READS_THE_ENVIRONMENT = {Path("blocks/serving/settings.py"), Path("deployments/stack/environment.py")}


def test_heavy_libraries_are_imported_where_they_are_used() -> None:
    files = [path for path in product_files() if path not in DERIVES_FROM_A_HEAVY_LIBRARY]
    assert not [f"{path}: {name}" for path in files for name in _imported_at_the_top(path) if _is_heavy(name)]


def _imported_at_the_top(path: Path) -> list[str]:
    found = []
    for node in tree_of(path).body:
        if isinstance(node, ast.Import):
            found += [name.name for name in node.names]
        elif isinstance(node, ast.ImportFrom):
            found += [f"{node.module}.{name.name}" for name in node.names]
    return found


def _is_heavy(name: str) -> bool:
    return any(name == heavy or name.startswith(f"{heavy}.") for heavy in HEAVY)


def test_the_environment_is_read_in_two_files_only() -> None:
    others = [path for path in product_files() if path not in READS_THE_ENVIRONMENT]
    assert not [f"{path}, line {line}" for path in others for line in _reads_of_the_environment(path)]


def _reads_of_the_environment(path: Path) -> list[int]:
    lines = []
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "os":
            lines += [node.lineno] if node.attr in {"environ", "environb", "getenv", "putenv"} else []
        elif isinstance(node, ast.ImportFrom) and node.module == "os":
            lines += [node.lineno for name in node.names if name.name in {"environ", "getenv"}]
        elif isinstance(node, ast.keyword) and node.arg in {"envvar", "auto_envvar_prefix"}:
            lines.append(node.value.lineno)
    return lines


def test_a_broad_except_says_why() -> None:
    assert not [f"{path}, line {line}" for path in product_files() for line in _unexplained_excepts(path)]


def _unexplained_excepts(path: Path) -> list[int]:
    lines = (ROOT / path).read_text(encoding="utf-8").splitlines()
    broad = [node for node in ast.walk(tree_of(path)) if isinstance(node, ast.ExceptHandler) and _is_broad(node)]
    return [node.lineno for node in broad if "#" not in "".join(lines[node.lineno - 2 : node.lineno + 2])]


def _is_broad(handler: ast.ExceptHandler) -> bool:
    return handler.type is None or (
        isinstance(handler.type, ast.Name) and handler.type.id in {"Exception", "BaseException"}
    )


def test_annotations_cost_no_import() -> None:
    """Prefect reads a flow's annotations, so flow files may go without."""
    others = [path for path in product_files() if path.parts[0] != "flows" and _has_annotations(path)]
    assert not [str(path) for path in others if not _postpones_annotations(path)]


def _postpones_annotations(path: Path) -> bool:
    imports = [node for node in tree_of(path).body if isinstance(node, ast.ImportFrom)]
    return any(node.module == "__future__" for node in imports)


def _has_annotations(path: Path) -> bool:
    return any(isinstance(node, ast.AnnAssign | ast.FunctionDef) for node in ast.walk(tree_of(path)))
