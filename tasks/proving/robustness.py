"""Robustness: missing values, extremes, other orders, one row and many; a model must bend and not break."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from tasks.proving.answers import Predict, fault_of, widest_gap
from tasks.proving.determinism import jitter
from tasks.proving.limits import RobustnessLimits
from tasks.rollout.candidate import Gate
from tasks.rollout.verdict import Verdict

if TYPE_CHECKING:
    import pandas as pd

NAME = "robustness"
MANY = 1000
SINGLE = 3
BEYOND = 3.0
"""How many times its own range a value is pushed beyond it."""
REMEDY = "bound what it is given and what it answers, row by row"
LIKE_JITTER = 4.0
"""What differs by no more than this many times what repeated calls differ by is not the order's doing."""


def robustness(predict: Predict, rows: pd.DataFrame, numeric: Sequence[str], limits: RobustnessLimits) -> Gate:
    """Return whether a version's answers stand when its rows are bent.

    rows: plausible rows, without missing values. A version may refuse a row with a missing value, or answer it with
    none; it may not answer anything that is no probability, and never let one row or the order change another's answer.
    """
    rows = rows.head(limits.rows)
    plain = predict(rows)
    allowed = max(limits.tolerance, LIKE_JITTER * jitter(predict, rows))
    missing, refuses = _missing(predict, rows, numeric)
    faults = [*missing, *_extreme(predict, rows, numeric), *_orders(predict, rows, plain, allowed)]
    figures = {"faults": float(len(faults)), "refuses_missing": float(refuses)}
    detail = {"faults": faults}
    if faults:
        return Gate(NAME, Verdict.FAIL, f"{'; '.join(faults[:5])}: {REMEDY}", figures, detail=detail)
    said = "refuses rows with a missing value" if refuses else "answers rows with a missing value"
    return Gate(NAME, Verdict.PASS, f"stands extremes, other orders, one row and {MANY}; {said}", figures)


def _missing(predict: Predict, rows: pd.DataFrame, numeric: Sequence[str]) -> tuple[list[str], bool]:
    faults, refuses = [], False
    for name in numeric:
        bent = rows.head(4).copy()
        bent[name] = np.where(np.arange(len(bent)) == 0, np.nan, bent[name].to_numpy(dtype=float))
        try:
            fault = fault_of(predict(bent), len(bent), may_be_missing=True)
        except Exception:  # noqa: BLE001 - a model's own code runs here; refusing a missing value is its right
            refuses = True
            continue
        if fault:
            faults.append(f"with {name} missing {fault}")
    return faults, refuses


def _extreme(predict: Predict, rows: pd.DataFrame, numeric: Sequence[str]) -> Iterator[str]:
    for name in numeric:
        values = rows[name].to_numpy(dtype=float)
        room = BEYOND * max(float(np.ptp(values)), 1.0)
        bent = rows.head(2).copy()
        bent[name] = [values.min() - room, values.max() + room]
        try:
            fault = fault_of(predict(bent), 2)
        except Exception as error:  # noqa: BLE001 - a model's own code runs here and may raise anything
            fault = f"it raises {type(error).__name__}: {str(error)[:80]}"
        if fault:
            yield f"with {name} at {bent[name].iloc[0]:g} or {bent[name].iloc[1]:g} {fault}"


def _orders(predict: Predict, rows: pd.DataFrame, plain: np.ndarray, allowed: float) -> Iterator[str]:
    """Compare the plain answers with those to the same rows, asked in other ways."""
    backwards = rows.iloc[::-1]
    repeated = rows.iloc[np.arange(MANY) % len(rows)]
    ways: dict[str, Callable[[], np.ndarray]] = {
        "its columns in another order": lambda: predict(rows[list(rows.columns[::-1])]),
        "a column that it does not know": lambda: predict(rows.assign(unknown_to_it=1.0)),
        "its rows in another order": lambda: predict(backwards)[::-1],
        f"{MANY} rows at once": lambda: predict(repeated)[: len(rows)],
        "one row at a time": lambda: np.concatenate(
            [predict(rows.iloc[[row]]) for row in range(min(SINGLE, len(rows)))] + [plain[min(SINGLE, len(rows)) :]]
        ),
    }
    for way, ask in ways.items():
        try:
            gap = widest_gap(plain, ask())
        except Exception as error:  # noqa: BLE001 - a model's own code runs here and may raise anything
            yield f"given {way} it raises {type(error).__name__}: {str(error)[:80]}"
            continue
        if gap > allowed:
            yield f"given {way} its answers change by up to {gap:.2g}"
