"""The reference profile: all that a later window needs to be compared, without the training rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tasks.drift.bins import Counts, counts_between, few_values, quantile_edges
from tasks.drift.columns import Column, read
from tasks.drift.threads import on_all_cores
from tasks.rollout.refusal import BadInput

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]

FORMAT = 1
STORED_ROWS = 10_000


@dataclass(frozen=True, slots=True, eq=False)
class ColumnProfile:
    """One feature of the reference.

    sample: its numbers in order (all of them, or evenly ranked ones after storage: `known` keeps the true count).
    edges, counts: quantile bins. levels: distinct values or categories with counts, where there are few or it is text.
    design: how much less a row tells than an independent one would (clusters: teams, seasons); 1 for plain rows.
    """

    kind: str
    rows: int
    missing: int
    sample: Floats = field(default_factory=lambda: np.empty(0))
    edges: Floats = field(default_factory=lambda: np.empty(0))
    counts: Counts = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    levels: Mapping[str | float, int] | None = None
    design: float = 1.0
    why: str = ""

    @property
    def known(self) -> int:
        """Return how many rows have a value."""
        return self.rows - self.missing

    @property
    def rank_error(self) -> float:
        """Return how far thinning may have moved a distribution function: 0 for a whole sample."""
        return 0.0 if self.sample.size in (0, self.known) else 0.5 / self.sample.size


@dataclass(frozen=True, slots=True, eq=False)
class Profile:
    """The reference window of a model version, column by column."""

    rows: int
    columns: Mapping[str, ColumnProfile]

    def to_dict(self, stored_rows: int = STORED_ROWS) -> dict[str, object]:
        """Return the profile as plain JSON values; samples above `stored_rows` are thinned to evenly ranked values.

        The thinning moves a KS distance by at most 1 / (2 stored_rows); bins, counts and levels stay exact.
        """
        columns = {name: _column_to_dict(column, stored_rows) for name, column in self.columns.items()}
        return {"format": FORMAT, "rows": self.rows, "columns": columns}

    @classmethod
    def from_dict(cls, stored: Mapping[str, object]) -> Profile:
        """Return the profile that `to_dict` described."""
        if stored.get("format") != FORMAT:
            raise BadInput("profile.format", f"this reader knows format {FORMAT}, not {stored.get('format')!r}")
        columns, rows = stored["columns"], stored["rows"]
        if not isinstance(columns, dict) or not isinstance(rows, int):
            raise BadInput("profile.columns", "expected a mapping of columns and a count of rows")
        return cls(rows, {name: _column_from_dict(column) for name, column in columns.items()})


def profile(frame: pd.DataFrame, threads: int | None = None) -> Profile:
    """Return the reference profile of a frame: one sort a column, columns on all cores.

    >>> import pandas as pd
    >>> made = profile(pd.DataFrame({"rest": [0.0, 1.0, 1.0, None]}))
    >>> made.columns["rest"].levels, made.columns["rest"].missing
    ({0.0: 1, 1.0: 2}, 1)
    """
    names = [str(name) for name in frame.columns]
    if len(set(names)) != len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise BadInput(twice, "the table has two columns of this name; rename one")
    made = on_all_cores(
        lambda place: profile_column(read(frame.iloc[:, place])), range(len(names)), frame.size, threads
    )
    return Profile(len(frame), dict(zip(names, made, strict=True)))


def profile_column(column: Column) -> ColumnProfile:
    """Return what is kept of one column."""
    if column.kind == "categorical":
        return ColumnProfile("categorical", column.rows, column.missing, levels=column.levels)
    if column.kind != "numeric":
        return ColumnProfile(column.kind, column.rows, column.missing, why=column.why)
    edges, few = quantile_edges(column.values), few_values(column.values)
    return ColumnProfile(
        "numeric",
        column.rows,
        column.missing,
        sample=column.values,
        edges=edges,
        counts=counts_between(column.values, edges),
        levels=None if few is None else _levels_of(*few),
    )


def _levels_of(values: Floats, counts: Counts) -> dict[str | float, int]:
    return {float(value): int(count) for value, count in zip(values, counts, strict=True)}


def _column_to_dict(column: ColumnProfile, stored_rows: int) -> dict[str, object]:
    out: dict[str, object] = {"kind": column.kind, "rows": column.rows, "missing": column.missing}
    if column.design != 1.0:
        out["design"] = column.design
    if column.why:
        out["why"] = column.why
    if column.levels is not None:
        out["levels"] = [_storable(level) for level in column.levels]
        out["level_counts"] = list(column.levels.values())
    if column.kind == "numeric":
        out["edges"] = [_storable(edge) for edge in column.edges.tolist()]
        out["counts"] = column.counts.tolist()
        if column.levels is None:
            out["sample"] = [_storable(value) for value in thinned(column.sample, stored_rows).tolist()]
    return out


def _storable(value: str | float) -> str | float:
    return value if isinstance(value, str) or np.isfinite(value) else f"{value}"


def thinned(ordered: Floats, most: int) -> Floats:
    """Return at most `most` evenly ranked values of an ordered sample.

    >>> thinned(np.arange(9.0), 3)
    array([1., 4., 7.])
    """
    if ordered.size <= most:
        return ordered
    return ordered[((np.arange(most) + 0.5) * ordered.size / most).astype(np.int64)]


def _column_from_dict(stored: Mapping[str, object]) -> ColumnProfile:
    kind, numeric = str(stored["kind"]), stored["kind"] == "numeric"
    levels = None
    if "levels" in stored:
        keys = [float(value) if numeric else str(value) for value in _list(stored, "levels")]
        levels = dict(zip(keys, [int(count) for count in _list(stored, "level_counts")], strict=True))
    if levels is not None and numeric:
        sample = np.repeat(np.array(list(levels), dtype=np.float64), list(levels.values()))
    else:
        sample = np.array(_list(stored, "sample"), dtype=np.float64)
    return ColumnProfile(
        kind,
        int(str(stored["rows"])),
        int(str(stored["missing"])),
        sample=sample,
        edges=np.array(_list(stored, "edges"), dtype=np.float64),
        counts=np.array(_list(stored, "counts"), dtype=np.int64),
        levels=levels,
        design=float(str(stored.get("design", 1.0))),
        why=str(stored.get("why", "")),
    )


def _list(stored: Mapping[str, object], key: str) -> list[str]:
    found = stored.get(key, [])
    if not isinstance(found, list):
        raise BadInput(f"profile.{key}", "expected a list")
    return found
