"""A bounded run of the simulation behind docs/explanation/why-sequential.md: both errors stay under their bounds."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
SEASONS = 150


@pytest.fixture(scope="module")
def rows() -> dict[str, dict[str, Any]]:
    command = [sys.executable, "tests/benchmarks/simulate.py", "--seasons", str(SEASONS), "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=300)
    return {row["challenger"]: row for row in json.loads(done.stdout)}


def at_most(bound: float) -> float:
    return bound + 3 * math.sqrt(bound * (1 - bound) / SEASONS)


@pytest.mark.slow
def test_wrong_promotions_and_rollbacks_stay_under_their_bounds_in_every_row(rows: dict[str, dict[str, Any]]) -> None:
    assert len(rows) == 19
    for name, row in rows.items():
        ours = row["rules"]["this rule"]
        assert ours["wrong_promotion"] <= at_most(0.05), name
        assert ours["wrong_rollback"] <= at_most(0.10), name


@pytest.mark.slow
def test_every_promotion_at_the_margin_counts_against_beta_and_every_rollback_of_an_equal_against_alpha(
    rows: dict[str, dict[str, Any]],
) -> None:
    for name in ("worse by .01 (the margin)", "exactly the margin, every game", "worse by .02", "flipped", "random"):
        assert rows[name]["rules"]["this rule"]["promoted"] <= at_most(0.05), name
    for name in ("equal retrain", "equal new architecture", "exactly equal, every game"):
        assert rows[name]["rules"]["this rule"]["rolled_back"] <= at_most(0.10), name


@pytest.mark.slow
def test_an_equal_challenger_is_promoted_in_the_games_that_were_planned(rows: dict[str, dict[str, Any]]) -> None:
    row = rows["equal new architecture"]
    ours, (median, p90) = row["rules"]["this rule"], row["planned"]
    assert ours["promoted"] > 0.85
    assert ours["median_units"] == pytest.approx(median, rel=0.35)
    assert ours["p90_units"] <= 1.2 * p90


@pytest.mark.slow
def test_a_challenger_without_answers_is_never_promoted_and_broken_ones_are_seen_at_once(
    rows: dict[str, dict[str, Any]],
) -> None:
    assert rows["half the answers missing"]["rules"]["this rule"]["promoted"] == 0.0
    for name in ("flipped", "random"):
        assert rows[name]["guard"] == 1.0
        assert rows[name]["guard_night"] <= 2


@pytest.mark.slow
def test_the_usual_rules_break_the_bound_that_this_one_keeps(rows: dict[str, dict[str, Any]]) -> None:
    hardest = rows["exactly the margin, every game"]["rules"]
    assert hardest["threshold"]["wrong_promotion"] > at_most(0.05)
    assert hardest["Mann-Whitney"]["wrong_promotion"] > 0.9
    assert rows["exactly equal, every game"]["rules"]["t-test"]["wrong_rollback"] > at_most(0.10)


@pytest.mark.slow
def test_the_page_carries_a_row_for_every_challenger(rows: dict[str, dict[str, Any]]) -> None:
    page = (ROOT / "docs" / "explanation" / "why-sequential.md").read_text(encoding="utf-8")
    assert all(f"|{name}|" in page for name in rows)
    assert "2,000 seeded seasons" in page
