"""Edge rows give a copy away that rounds to single precision, and one that treats missing values otherwise."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from blocks.catalogue.edges import around_jumps, edge_rows
from blocks.catalogue.twin import Check, Original, check_of
from blocks.catalogue.twin_session import TwinSession

SPLIT = 1523.4567890123
ROWS = pd.DataFrame({"elo": np.linspace(1300.0, 1700.0, 40)})
Ask = Callable[[pd.DataFrame], np.ndarray]


def tree(frame: pd.DataFrame) -> np.ndarray:
    """Return a leaf a row: one tree with one split."""
    return np.where(frame["elo"].to_numpy() <= SPLIT, 0.4, 0.6)


def single(frame: pd.DataFrame) -> np.ndarray:
    """Return what a copy says that rounds rows and threshold to single precision."""
    return np.where(frame["elo"].to_numpy(dtype=np.float32) <= np.float32(SPLIT), 0.4, 0.6)


def judged(original: Ask, copy: Ask) -> tuple[bool, str]:
    check: Check = check_of(Original(ROWS, original), 1e-6)
    session = TwinSession((), {"elo": np.float64}, lambda feeds: copy(pd.DataFrame({"elo": feeds["elo"][:, 0]})))
    found = check.judge(session)
    return found.kept, found.why


def test_pairs_of_neighbours_lie_on_both_sides_of_a_split() -> None:
    pairs = around_jumps(ROWS, ["elo"], tree)
    below, above = pairs["elo"].to_numpy()[:20], pairs["elo"].to_numpy()[20:]
    across = (below <= SPLIT) & (above > SPLIT)
    assert across.any()
    assert (np.nextafter(below[across], np.inf) == above[across]).all()


def test_missing_and_huge_values_stand_in_every_column() -> None:
    rows = edge_rows(ROWS, ["elo"], tree)["elo"]
    assert rows.isna().any()
    assert {0.0, 1e30, -1e30} <= set(rows.dropna())


def test_a_copy_that_is_the_same_passes() -> None:
    assert judged(tree, tree) == (True, "it says the same")


def test_a_copy_in_single_precision_is_caught_at_the_split() -> None:
    assert (single(ROWS) == tree(ROWS)).all()
    kept, why = judged(tree, single)
    assert not kept
    assert "differs by 2.0e-01 on edge row" in why


def refusing(frame: pd.DataFrame) -> np.ndarray:
    """Refuse a missing value as most linear models do."""
    if frame["elo"].isna().any():
        raise ValueError("Input X contains NaN.")
    return tree(frame)


@pytest.mark.parametrize(
    ("original", "copy", "says"), [(refusing, tree, "refuses"), (tree, refusing, "and the twin refuses")]
)
def test_a_copy_that_treats_missing_values_otherwise_is_caught(original: Ask, copy: Ask, says: str) -> None:
    kept, why = judged(original, copy)
    assert not kept
    assert says in why
