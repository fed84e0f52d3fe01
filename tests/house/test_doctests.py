"""Every example in a docstring works."""

from __future__ import annotations

import doctest
import importlib
from pathlib import Path

import pytest

from tests.house.rooms import CRAFTS, ROOT, product_files

SHOWN = [path for path in product_files() if ">>> " in (ROOT / path).read_text(encoding="utf-8")]


@pytest.mark.parametrize("path", SHOWN, ids=str)
def test_an_example_works(path: Path) -> None:
    module = importlib.import_module(".".join(path.with_suffix("").parts))
    failed, tried = doctest.testmod(module, optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    assert tried, "the example is not found by doctest"
    assert not failed


@pytest.mark.parametrize("craft", CRAFTS)
def test_every_craft_shows_itself_working(craft: str) -> None:
    assert [path for path in SHOWN if path.parts[:2] == ("tasks", craft)]
