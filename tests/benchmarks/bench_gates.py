"""What the gates promise: a slate in under 1 s, a million rows through twenty expectations within 1.5x of the library.

Great Expectations is loaded and has run once before anything is timed.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from blocks.gates import Gates
from tasks.nba.seasons import generate_season

ROWS, COLUMNS = 1_000_000, 10
MODELS = Path(__file__).resolve().parents[2] / "deployments" / "models"


def show(line: str) -> None:
    """Write one line of the report."""
    sys.stdout.write(f"\n{line}")


def seconds(work: Callable[[], object], times: int = 3) -> float:
    """Return the shortest of some repetitions, after one that warms up."""
    work()
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        work()
        taken.append(time.perf_counter() - started)
    return min(taken)


def expectations() -> list[dict[str, Any]]:
    """Return twenty expectations: no missing values, and a range, of each of ten columns."""
    names = [f"c{k}" for k in range(COLUMNS)]
    missing = [{"type": "expect_column_values_to_not_be_null", "kwargs": {"column": name}} for name in names]
    ranges = [
        {"type": "expect_column_values_to_be_between", "kwargs": {"column": name, "min_value": -9, "max_value": 9}}
        for name in names
    ]
    return missing + ranges


def alone(frame: pd.DataFrame, items: list[dict[str, Any]]) -> object:
    """Run the same expectations with Great Expectations by itself, as its documents say."""
    import great_expectations as gx
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    suite = gx.ExpectationSuite(name="alone")
    for item in items:
        suite.add_expectation_configuration(ExpectationConfiguration(type=item["type"], kwargs=item["kwargs"]))
    asset = context.data_sources.add_pandas("pandas").add_dataframe_asset("frame")
    batch = asset.add_batch_definition_whole_dataframe("whole").get_batch({"dataframe": frame})
    return batch.validate(suite)


@pytest.mark.parametrize("bad", [0, 500])
def test_a_million_rows_through_twenty_expectations(tmp_path: Path, bad: int) -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({f"c{k}": rng.normal(size=ROWS) for k in range(COLUMNS)})
    frame.loc[: bad - 1, "c3"] = 99.0
    (tmp_path / "own.yaml").write_text(yaml.safe_dump({"key": "c0", "expectations": expectations()}))
    gates = Gates(folder=str(tmp_path))
    answer = gates.run("own", frame)
    assert answer["verdict"] == ("FAIL" if bad else "PASS")
    ours, theirs = seconds(lambda: gates.run("own", frame)), seconds(lambda: alone(frame, expectations()))
    rows = f"{ROWS:,} rows x 20 expectations, {bad} bad rows"
    show(f"{rows}: {ours:.2f} s, the library alone {theirs:.2f} s, {ours / theirs:.2f}x")
    assert ours <= 1.5 * theirs


def test_a_slate_of_fifteen_games() -> None:
    gates = Gates(folder=str(MODELS))
    games = generate_season(2019, 7).games
    slate = games.drop_duplicates("home").head(15).assign(date=games["date"].iloc[0], status="scheduled")
    slate = slate.drop(columns=["home_pts", "away_pts", "overtimes"]).reset_index(drop=True)
    plain = seconds(lambda: gates.run("nba-win/slates", slate), 10)
    documented = seconds(lambda: gates.run("nba-win/slates", slate, documented=True), 10)
    show(f"a slate of {len(slate)} games: {plain * 1000:.0f} ms, with Data Docs {documented * 1000:.0f} ms")
    assert plain < 1.0
