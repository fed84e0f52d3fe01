"""Golden rows: rows of a model with the scores it gave at registration, asked again wherever it is loaded."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from mlflow.models import Model
    from pandas import DataFrame

PLACE = "registration/golden.json"
MOST_ROWS = 200
MADE_ROWS = 8
SAME = 1e-9
"""How far two answers to the same row may lie apart and still be the same: sums differ in their last bits."""

NUMBERS = {"double": "float64", "float": "float32", "long": "int64", "integer": "int32", "boolean": "bool"}
Cell = float | int | str | bool | None


@dataclass(frozen=True, slots=True)
class Golden:
    """Rows in the order of the signature, and one score a row once they have been asked; columns None: a tensor.

    own: whether they came from the model's people; made-up rows prove nothing when a model refuses them.
    """

    columns: tuple[str, ...] | None
    rows: tuple[tuple[Cell, ...], ...]
    scores: tuple[float, ...] = ()
    own: bool = True

    def scored(self, scores: np.ndarray) -> Golden:
        """Return the same rows with their scores."""
        return replace(self, scores=tuple(float(score) for score in scores))

    def to_text(self) -> str:
        """Return the rows as JSON; missing values are null."""
        columns = list(self.columns) if self.columns is not None else None
        scores = [None if math.isnan(score) else score for score in self.scores]
        return json.dumps({"columns": columns, "rows": self.rows, "scores": scores, "own": self.own}, allow_nan=False)

    def inputs(self, model: Model) -> DataFrame | np.ndarray:
        """Return the rows with the types of the model's signature."""
        import pandas as pd

        if self.columns is None:
            return np.array(self.rows, dtype=model.signature.inputs.inputs[0].type)
        types = {spec.name: NUMBERS.get(spec.type.name) for spec in model.signature.inputs.inputs}
        made = {}
        for place, name in enumerate(self.columns):
            values: list[Any] = [row[place] for row in self.rows]
            dtype: Any = types.get(name)
            column: Any = pd.Series([np.nan if value is None else value for value in values] if dtype else values)
            made[name] = column.astype(dtype) if dtype and not column.isna().any() else column
        return pd.DataFrame(made, columns=list(self.columns))


def golden_from_text(text: str) -> Golden:
    """Return golden rows as they were kept."""
    kept = json.loads(text)
    columns = tuple(kept["columns"]) if kept["columns"] is not None else None
    scores = tuple(math.nan if score is None else float(score) for score in kept["scores"])
    return Golden(columns, tuple(map(tuple, kept["rows"])), scores, bool(kept["own"]))


def golden_rows(model: Model, folder: Path, rows: DataFrame | None) -> Golden:
    """Return rows to ask a model: those given, else its input example, else made-up ones that fit its signature."""
    example = rows if rows is not None else _example(model, folder)
    if model.signature.inputs.is_tensor_spec():
        return _of_tensor(model, example)
    names = tuple(spec.name for spec in model.signature.inputs.inputs)
    if example is not None and set(names) <= set(getattr(example, "columns", ())):
        picked = spread(example[list(names)], MOST_ROWS)
        return Golden(names, tuple(tuple(map(_cell, row)) for row in picked.to_numpy(dtype=object).tolist()))
    types = [spec.type.name for spec in model.signature.inputs.inputs]
    drawn = np.random.default_rng(0).normal(size=(MADE_ROWS, len(names)))
    return Golden(names, tuple(tuple(map(_made, types, row)) for row in drawn.tolist()), own=False)


def spread(rows: DataFrame, most: int) -> DataFrame:
    """Return at most so many rows, spread evenly from the first to the last."""
    return rows.iloc[np.unique(np.linspace(0, len(rows) - 1, min(most, len(rows))).astype(int))] if len(rows) else rows


def last_column(answer: object) -> np.ndarray:
    """Return one score a row, shape (n,): the last column of what a model gave; raise ValueError for no numbers."""
    values = np.asarray(answer, dtype=float)
    return values if values.ndim <= 1 else values.reshape(len(values), -1)[:, -1]


def answers(ask: Callable[[Any], object], rows: Any) -> np.ndarray:
    """Return one score a row, shape (n,); NaN for a row that the model refuses."""
    if not len(rows):
        return np.empty(0)
    try:
        return last_column(ask(rows))
    except Exception:  # noqa: BLE001  a model is foreign code and may raise anything; a row that is refused is an answer
        if len(rows) == 1:
            return np.array([math.nan])
        half = len(rows) // 2
        return np.concatenate([answers(ask, rows[:half]), answers(ask, rows[half:])])


def differ(one: np.ndarray, other: np.ndarray, tolerance: float = SAME) -> bool:
    """Return whether two sets of answers to the same rows are not the same."""
    return one.shape != other.shape or not np.allclose(one, other, rtol=0, atol=tolerance, equal_nan=True)


def _example(model: Model, folder: Path) -> Any:
    return model.load_input_example(str(folder)) if model.saved_input_example_info else None


def _of_tensor(model: Model, example: Any) -> Golden:
    shape = model.signature.inputs.inputs[0].shape
    if isinstance(example, np.ndarray) and example.ndim == len(shape) and len(example):
        return Golden(None, tuple(example[:MOST_ROWS].tolist()))
    sizes = [MADE_ROWS, *(max(int(size), 1) for size in shape[1:])]
    return Golden(None, tuple(np.random.default_rng(0).normal(size=sizes).tolist()), own=False)


def _cell(value: Any) -> Cell:
    plain = value.item() if hasattr(value, "item") else value
    if plain is None or (isinstance(plain, float) and math.isnan(plain)):
        return None
    return plain if isinstance(plain, float | int | str | bool) else str(plain)


def _made(kind: str, drawn: float) -> Cell:
    makers: dict[str, Callable[[float], Cell]] = {"string": str, "boolean": lambda x: x > 0}
    whole: Callable[[float], Cell] = lambda x: round(abs(x))  # noqa: E731  one line of the table
    return makers.get(kind, whole if kind in ("long", "integer") else float)(drawn)
