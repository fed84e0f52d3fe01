"""A column by its logical type: numbers or levels, with what could not be read counted and named."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]

_WHOLE = re.compile(r"(-?\d+)\.0+")


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """One column of one window.

    values: numbers in ascending order without the missing ones (empty for text). levels: text or boolean levels and
    their counts. unreadable: cells of a numeric column that hold text; they count as missing too.
    """

    kind: str
    rows: int
    missing: int
    values: Floats = field(default_factory=lambda: np.empty(0))
    levels: dict[str | float, int] = field(default_factory=dict)
    unreadable: int = 0
    example: str = ""
    why: str = ""

    @property
    def infinite(self) -> int:
        """Return how many values are infinite; ascending order puts them at the two ends."""
        below = int(np.searchsorted(self.values, -np.inf, side="right"))
        return below + self.values.size - int(np.searchsorted(self.values, np.inf, side="left"))


Pick = Callable[[NDArray[np.int64]], Column]


def read(series: pd.Series, expected: str | None = None) -> Column:
    """Return a column as numbers or as levels, converted once by its logical type.

    expected: `numeric` or `categorical`, the kind in the reference; a window follows it where its cells allow
    (text "12" is a number there, the number 1.0 is the level "1"). Dates are not compared.

    >>> import pandas as pd
    >>> read(pd.Series([2, None, 1], dtype="Int64")).values
    array([1., 2.])
    >>> read(pd.Series(["b", "a", None, "b"])).levels
    {'a': 1, 'b': 2}
    """
    kind = _kind(series)
    if kind == "unknown":
        return Column("unknown", len(series), int(series.isna().sum()), why=f"{series.dtype} columns are not compared")
    if kind == "empty":
        return Column(expected or "empty", len(series), len(series))
    wanted = expected if expected in ("numeric", "categorical") else kind
    if wanted == "categorical":
        return _levels(series)
    return ordered(_raw(series)) if kind == "numeric" or _is_boolean(series) else _parsed(series)


def picker(series: pd.Series) -> Pick:
    """Return a function from row numbers to the column of those rows, converted once for many windows.

    >>> import pandas as pd
    >>> picker(pd.Series([3.0, 1.0, 2.0]))(np.array([0, 2])).values
    array([2., 3.])
    """
    kind = read(series).kind
    if kind != "numeric":
        return lambda rows: read(series.iloc[rows], kind)
    raw = _raw(series)
    return lambda rows: ordered(raw[rows])


def level_name(value: object) -> str:
    """Return one name for a level however it was stored.

    >>> [level_name(value) for value in (1, 1.0, "1.0", True, "BOS")]
    ['1', '1', '1', 'True', 'BOS']
    """
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    text = str(value)
    whole = _WHOLE.fullmatch(text)
    return whole.group(1) if whole else text


def _is_boolean(series: pd.Series) -> bool:
    return series.dtype.kind == "b"


def _kind(series: pd.Series) -> str:
    kind = series.dtype.kind
    if str(series.dtype) == "category":
        return "categorical"
    if kind in "mMcV" and kind != "m":
        return "unknown"
    if kind == "b":
        return "categorical"
    if kind in "iufm":
        return "numeric"
    return _kind_of_objects(series)


def _kind_of_objects(series: pd.Series) -> str:
    from pandas.api.types import infer_dtype

    found = infer_dtype(series, skipna=True)
    if found == "empty":
        return "empty"
    if found in ("integer", "floating", "mixed-integer-float", "decimal"):
        return "numeric"
    return "unknown" if found in ("datetime64", "datetime", "date", "period", "complex") else "categorical"


def _raw(series: pd.Series) -> Floats:
    if series.dtype.kind == "m":
        return np.asarray(series.dt.total_seconds(), dtype=np.float64)
    if series.dtype == np.float64:
        return np.asarray(series)
    return series.to_numpy(dtype="float64", na_value=np.nan)


def ordered(raw: Floats, unreadable: int = 0, example: str = "") -> Column:
    """Return numbers in any order, NaN where one is missing, as a column: the one sort.

    >>> ordered(np.array([2.0, np.nan, 1.0])).values
    array([1., 2.])
    """
    values = np.sort(raw)
    known = int(np.searchsorted(values, np.nan))
    return Column("numeric", raw.size, raw.size - known, values=values[:known], unreadable=unreadable, example=example)


def _parsed(series: pd.Series) -> Column:
    import pandas as pd

    cells = series.astype(object)
    numbers = pd.to_numeric(cells, errors="coerce").to_numpy(dtype="float64", na_value=np.nan)
    bad = np.flatnonzero(np.isnan(numbers) & cells.notna().to_numpy())
    example = f"{str(cells.iloc[int(bad[0])])[:40]!r} in row {int(bad[0]) + 1}" if bad.size else ""
    return ordered(numbers, unreadable=int(bad.size), example=example)


def _levels(series: pd.Series) -> Column:
    counts: dict[str | float, int] = {}
    only_zero_one = series.dtype.kind == "b"
    for value, count in series.value_counts(dropna=True, sort=False).items():
        if count:
            name = level_name(bool(value) if only_zero_one else value)
            counts[name] = counts.get(name, 0) + int(count)
    known = sum(counts.values())
    return Column("categorical", len(series), len(series) - known, levels=dict(sorted(counts.items(), key=str)))
