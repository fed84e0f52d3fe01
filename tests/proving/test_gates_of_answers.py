"""Robustness, determinism, calibration, slices, explainability and limits on models made for the purpose."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit

from tasks.proving.answers import fault_of, widest_gap
from tasks.proving.calibration import calibration
from tasks.proving.determinism import determinism
from tasks.proving.explainability import explainability, importances
from tasks.proving.limits import CalibrationLimits, ExplainabilityLimits, RobustnessLimits, read_limits
from tasks.proving.robustness import robustness
from tasks.proving.slices import Part, slices
from tasks.rollout.refusal import BadInput
from tasks.rollout.verdict import Verdict

RNG = np.random.default_rng(0)
ROWS = pd.DataFrame({"a": RNG.normal(size=200), "b": RNG.normal(size=200), "c": RNG.normal(size=200)})
COLUMNS = ("a", "b", "c")


def line(rows: pd.DataFrame) -> np.ndarray:
    return np.asarray(expit(rows["a"].to_numpy() + 0.3 * rows["b"].to_numpy()))


def refuses(rows: pd.DataFrame) -> np.ndarray:
    if rows.isna().any().any():
        raise ValueError("a value is missing")
    return line(rows)


def by_place(rows: pd.DataFrame) -> np.ndarray:
    return np.asarray(expit(rows.iloc[:, 0].to_numpy(dtype=float)))


def by_batch(rows: pd.DataFrame) -> np.ndarray:
    values = rows["a"].to_numpy()
    return np.asarray(expit(values - values.mean()))


def explodes(rows: pd.DataFrame) -> np.ndarray:
    return np.asarray(np.clip(0.5 + 0.1 * rows["a"].to_numpy(), 0.0, None))


def fills_wrongly(rows: pd.DataFrame) -> np.ndarray:
    return np.asarray(np.where(rows["a"].isna(), -1.0, line(rows)))


@pytest.mark.parametrize(("predict", "refusing"), [(line, 0.0), (refuses, 1.0)])
def test_a_model_that_looks_at_rows_one_by_one_is_robust(predict: object, refusing: float) -> None:
    found = robustness(predict, ROWS, COLUMNS, RobustnessLimits())  # type: ignore[arg-type]
    assert found.verdict is Verdict.PASS, found.why
    assert found.figures["refuses_missing"] == refusing


@pytest.mark.parametrize(
    ("predict", "why"),
    [
        (by_place, "its columns in another order"),
        (by_batch, "one row at a time"),
        (explodes, "no probability"),
        (fills_wrongly, "with a missing it answers -1"),
    ],
)
def test_a_model_that_breaks_is_told_how(predict: object, why: str) -> None:
    found = robustness(predict, ROWS, COLUMNS, RobustnessLimits())  # type: ignore[arg-type]
    assert found.verdict is Verdict.FAIL
    assert why in found.why


def test_what_repeats_differently_is_told_with_its_size() -> None:
    rng = np.random.default_rng(1)
    found = determinism(lambda rows: line(rows) + 1e-9 * rng.random(len(rows)), ROWS)
    assert found.verdict is Verdict.FAIL
    assert 0 < found.figures["largest_gap"] <= 1e-9
    assert determinism(line, ROWS).verdict is Verdict.PASS


@given(st.lists(st.floats(0, 1), min_size=1, max_size=9), st.lists(st.floats(0, 1), min_size=1, max_size=9))
def test_a_gap_is_symmetric_and_none_to_oneself(first: list[float], second: list[float]) -> None:
    a, b = np.array(first), np.array(second)
    assert widest_gap(a, b) == widest_gap(b, a)
    assert widest_gap(a, a) == 0.0
    assert fault_of(a, len(a)) == ""


def test_one_answer_missing_is_an_endless_gap() -> None:
    assert widest_gap(np.array([np.nan]), np.array([0.5])) == math.inf
    assert widest_gap(np.array([0.5]), np.array([0.5, 0.5])) == math.inf


@dataclass(frozen=True, slots=True)
class Line:
    """A fitted line of calibration, given by hand."""

    slope: float | None = 1.0
    slope_se: float | None = 0.1
    intercept: float | None = 0.0
    intercept_se: float | None = 0.1
    ece: float | None = 0.03
    n: int = 300


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (Line(slope=0.4), "too sure"),
        (Line(slope=1.9), "not sure enough"),
        (Line(intercept=0.7), "favours the away team"),
        (Line(intercept=-0.7), "favours the home team"),
        (Line(ece=0.2), "0.200 from its forecasts"),
    ],
)
def test_a_line_beyond_a_limit_fails(line: Line, why: str) -> None:
    found = calibration(line, CalibrationLimits())
    assert found.verdict is Verdict.FAIL
    assert why in found.why


@given(st.floats(0.1, 3.0), st.floats(0.01, 2.0))
def test_a_slope_fails_only_beyond_its_own_error(slope: float, error: float) -> None:
    limits = CalibrationLimits()
    low, high = limits.slope
    beyond = slope + 2 * error < low or slope - 2 * error > high
    assert (calibration(Line(slope=slope, slope_se=error), limits).verdict is Verdict.FAIL) == beyond


def test_answers_without_a_line_are_another_gates_matter() -> None:
    assert calibration(Line(slope=None), CalibrationLimits()).verdict is Verdict.PASS


@given(st.integers(1, 30), st.floats(0.01, 0.5))
def test_the_boundary_rises_with_the_parts_and_small_parts_are_only_shown(count: int, alpha: float) -> None:
    boundary = math.log(count / alpha)
    calm = [Part(f"part {k}", 40, 0.2, 0.2, boundary - 0.01) for k in range(count)]
    assert slices(calm, alpha, 30).verdict is Verdict.PASS
    loud = [*calm[1:], Part("loud", 40, 0.3, 0.2, boundary + 0.01)]
    assert slices(loud, alpha, 30).why.startswith("loud: loss 0.300 against 0.200 over 40 games")
    assert slices([*calm, Part("small", 10, 0.9, 0.2, 99.0)], alpha, 30).verdict is Verdict.PASS


def test_what_is_read_is_important_and_what_is_not_is_nothing() -> None:
    y = (np.random.default_rng(2).random(200) < line(ROWS)).astype(float)
    found = importances(line, ROWS, y, 3, np.random.default_rng(0))
    assert found[0].column == "a"
    assert {one.column: one.moves for one in found}["c"] == 0.0
    again = importances(line, ROWS, y, 3, np.random.default_rng(0))
    assert found == again
    assert explainability(found, ExplainabilityLimits()).verdict is Verdict.PASS
    deaf = importances(lambda rows: np.full(len(rows), 0.6), ROWS, y, 1, np.random.default_rng(0))
    assert explainability(deaf, ExplainabilityLimits()).verdict is Verdict.FAIL


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"leek": {}}, "leek"),
        ({"leak": {"acuracy": 0.7}}, "leak.acuracy"),
        ({"latency": {"row_ms": -1}}, "latency.row_ms"),
        ([], "gates.yaml"),
    ],
)
def test_limits_that_are_none_are_refused_by_their_key(values: object, field: str) -> None:
    with pytest.raises(BadInput, match=field):
        read_limits(values, "gates.yaml")
