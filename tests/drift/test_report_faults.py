"""Faulty data in the report: named by column and row, never a crash, never a pass."""

from __future__ import annotations

import json
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from tasks.drift.profile import Profile, profile
from tasks.drift.report import ColumnReport, compare

RNG = np.random.default_rng(11)
CLEAN = RNG.normal(size=2_000)
CALM = RNG.normal(size=500)


def against(reference: object, current: object) -> ColumnReport:
    report = compare(profile(pd.DataFrame({"x": reference})), pd.DataFrame({"x": current}))
    return report.columns["x"]


def test_infinities_are_named_and_do_not_stop_the_report() -> None:
    current = np.where(np.arange(500) < 5, np.inf, CALM)
    found = against(CLEAN, current)
    assert found.kind == "numeric"
    assert found.measured.wasserstein is None
    assert "5 infinite values" in found.why


def test_an_infinite_reference_is_compared_too() -> None:
    reference = np.where(np.arange(2000) < 300, -np.inf, CLEAN)
    found = against(reference, CALM)
    assert found.drift
    assert found.measured.psi is not None


def test_text_in_a_numeric_column_is_named_with_its_first_row() -> None:
    current = pd.Series(CALM, dtype=object)
    current.iloc[3] = "n/a?"
    report = compare(profile(pd.DataFrame({"x": CLEAN})), pd.DataFrame({"x": current}))
    assert report.columns["x"].kind == "numeric"
    assert report.columns["x"].measured.ks is not None
    assert "'n/a?' in row 4" in report.findings[0].message


def test_a_numeric_column_that_is_all_text_is_not_computed_and_not_passed() -> None:
    found = against(CLEAN, ["abc"] * 100)
    assert (found.kind, found.drift) == ("uncomputed", True)
    assert "hold text" in found.why


def test_numbers_as_text_are_numbers_where_the_reference_says_so() -> None:
    assert not against(CLEAN, [str(value) for value in CALM]).drift


def test_missing_and_extra_columns_are_findings_with_their_names() -> None:
    reference = profile(pd.DataFrame({"x": CLEAN, "gone": CLEAN}))
    report = compare(reference, pd.DataFrame({"x": CALM, "new": CALM}))
    assert {finding.column for finding in report.findings} == {"gone", "new"}
    assert report.columns["gone"].kind == report.columns["new"].kind == "uncomputed"
    assert report.drifted == ("gone",)
    assert report.columns["new"].to_dict()["missing"] == {"reference": None, "current": 0.0, "p": None}


DTYPES = [
    "int8", "int64", "uint16", "float32", "float64", "Int64", "Float64", "boolean", "bool", "object", "category",
    "int64[pyarrow]", "double[pyarrow]",
]  # fmt: skip


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("reference_dtype", DTYPES)
def test_every_dtype_compares_with_every_other(dtype: str, reference_dtype: str) -> None:
    ones, mixed = np.array([0, 1] * 100), np.array([0, 1] * 50)
    reference = pd.DataFrame({"x": pd.Series(ones).astype(reference_dtype)})
    found = compare(profile(reference), pd.DataFrame({"x": pd.Series(mixed).astype(dtype)})).columns["x"]
    assert found.kind in ("discrete", "categorical")
    assert not found.drift, found.why
    moved = compare(profile(reference), pd.DataFrame({"x": pd.Series(np.ones(100)).astype(dtype)})).columns["x"]
    assert moved.drift


@pytest.mark.parametrize("dtype", ["Int64", "Float64", "boolean", "string", "category"])
def test_nullable_columns_keep_their_missing_values(dtype: str) -> None:
    values = pd.Series(["1", "0", None] * 50) if dtype in ("string", "category") else pd.Series([1, 0, None] * 50)
    made = profile(pd.DataFrame({"x": values.astype(dtype)})).columns["x"]
    assert (made.rows, made.missing) == (150, 50)


def test_one_level_has_one_name_however_it_is_stored() -> None:
    reference = pd.Series(["1", "2", "A"] * 40)
    assert not against(reference, [1.0, 2.0] * 40 + ["A"] * 40).drift
    assert not against(reference, ["1.0", "2.0", "A"] * 40).drift


def test_decimals_are_numbers() -> None:
    assert not against(CLEAN, [Decimal(f"{value:.3f}") for value in CALM]).drift


def test_categories_move_by_share_and_unseen_levels_are_told() -> None:
    found = against(["a"] * 600 + ["b"] * 400, ["a"] * 50 + ["c"] * 50)
    assert (found.kind, found.drift, found.measured.ks) == ("categorical", True, None)
    assert "50.0% of the window has levels that the reference never had" in found.why


def test_dates_are_not_compared_and_say_so() -> None:
    days = pd.date_range("2026-01-01", periods=100)
    found = against(days, days)
    assert found.kind == "uncomputed"
    assert "are not compared" in found.why


def test_what_was_not_computed_is_not_examined() -> None:
    reference = profile(pd.DataFrame({"x": CLEAN, "few": CLEAN, "gone": CLEAN}))
    window = pd.DataFrame({"x": CALM, "few": np.where(np.arange(500) < 20, CALM, np.nan)})
    assert compare(reference, window.assign(gone=CALM)).examined == ("x", "few", "gone")
    assert compare(reference, window.iloc[:20].assign(gone=CALM[:20])).examined == ()


ODD = {
    "bytes": [b"a", b"b"] * 30,
    "complex": np.ones(60) + 1j,
    "lists": [[1], [2]] * 30,
    "numbers and text": [1, "a", None, 2.5] * 15,
    "beyond 64 bits": [2**70, 1] * 30,
    "unused levels": pd.Categorical(["a"] * 60, categories=["a", "b"]),
    "sparse": pd.arrays.SparseArray([0.0, 1.0] * 30),
    "periods": pd.period_range("2020", periods=60, freq="D"),
    "spans": pd.to_timedelta(np.arange(60), unit="h"),
    "only infinite": [np.inf] * 60,
    "none": [None] * 60,
    "numbers": np.arange(60.0),
    "text": ["x", None] * 30,
}


@pytest.mark.parametrize("current", ODD)
@pytest.mark.parametrize("reference", ODD)
def test_any_column_beside_any_other_is_reported(reference: str, current: str) -> None:
    stored = json.loads(json.dumps(profile(pd.DataFrame({"x": ODD[reference]})).to_dict(), allow_nan=False))
    report = compare(Profile.from_dict(stored), pd.DataFrame({"x": ODD[current]}))
    json.dumps(report.to_dict(), allow_nan=False)
    assert report.columns["x"].why
    if reference == current:
        assert not report.columns["x"].drift
