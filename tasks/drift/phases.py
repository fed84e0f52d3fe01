"""A reference that knows the season: each window is compared with the same phases of the training seasons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tasks.drift.columns import Column, Pick, picker
from tasks.drift.design import CHECKED_ROWS, CHECKED_STEP, DESIGN_UNKNOWN, Look, design_of
from tasks.drift.profile import ColumnProfile, Profile, profile_column
from tasks.rollout.refusal import BadInput

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]
Phases = NDArray[np.int64]
Cells = Mapping[int, Column]

FORMAT = "phased-1"
MOST_COPIES = 12


@dataclass(frozen=True, slots=True, eq=False)
class PhasedProfile:
    """The reference of a model version by phase of the season: for every feature, one ordered cell a phase.

    design: per feature, how many rows of a window tell as much as one independent row (teams and seasons repeat).
    """

    rows: int
    columns: Mapping[str, Cells]
    design: Mapping[str, float] = field(default_factory=dict)

    def matched(self, phases: Sequence[float] | Phases | Floats) -> Profile:
        """Return the reference for a window whose rows are in these phases: the training rows in the same proportions.

        Every phase gives evenly ranked values of its own cell, a phase the training never saw those of the nearest.

        >>> import pandas as pd
        >>> frame = pd.DataFrame({"games": [float(k) for k in range(10) for _ in range(40)]})
        >>> found = phased_profile(frame, frame["games"].to_numpy(), [1] * 200 + [2] * 200)
        >>> found.matched([3] * 10 + [4] * 10).columns["games"].levels
        {3.0: 40, 4.0: 40}
        """
        if not len(phases):
            raise BadInput("phases", "a window without rows has no reference")
        asked, wanted = np.unique(np.floor(np.asarray(phases, dtype=np.float64)).astype(np.int64), return_counts=True)
        columns = {
            name: replace(_matched_column(cells, asked, wanted), design=self.design.get(name, DESIGN_UNKNOWN))
            for name, cells in self.columns.items()
        }
        rows = max((column.rows for column in columns.values()), default=0)
        return Profile(rows, columns)

    def to_dict(self) -> dict[str, object]:
        """Return the reference as plain JSON values."""
        columns = {
            name: {str(phase): _cell_to_dict(cell) for phase, cell in cells.items()}
            for name, cells in self.columns.items()
        }
        return {"format": FORMAT, "rows": self.rows, "design": dict(self.design), "columns": columns}

    @classmethod
    def from_dict(cls, stored: Mapping[str, object]) -> PhasedProfile:
        """Return the reference that `to_dict` described."""
        if stored.get("format") != FORMAT:
            raise BadInput("profile.format", f"this reader knows {FORMAT}, not {stored.get('format')!r}")
        columns, rows, design = stored["columns"], stored["rows"], stored["design"]
        if not (isinstance(columns, dict) and isinstance(rows, int) and isinstance(design, dict)):
            raise BadInput("profile.columns", "expected columns, design effects and a count of rows")
        cells = {
            name: {int(phase): _cell_from_dict(cell) for phase, cell in by_phase.items()}
            for name, by_phase in columns.items()
        }
        return cls(rows, cells, {name: float(value) for name, value in design.items()})


def phased_profile(frame: pd.DataFrame, phases: Floats | Phases, seasons: Sequence[int] | Phases) -> PhasedProfile:
    """Return the reference of a frame by phase, with design effects measured between its seasons.

    frame: in the order of play. phases: one number a row, how far the season had come (rounded down), such as the games
    that both teams had played on average. seasons: one label a row. With one season the design effect cannot be
    measured and a cautious one is taken.
    """
    if not len(frame):
        raise BadInput("frame", "no rows to make a reference of")
    at, of = np.floor(np.asarray(phases, dtype=np.float64)).astype(np.int64), np.asarray(seasons)
    if not len(at) == len(of) == len(frame):
        raise BadInput("phases", f"{len(frame)} rows need as many phases and seasons, not {len(at)} and {len(of)}")
    pickers = {str(name): picker(frame[name]) for name in frame.columns}
    columns = {name: _cells(pick, at, np.arange(len(frame))) for name, pick in pickers.items()}
    design = {name: design_of(_looks(pick, at, of)) for name, pick in pickers.items()}
    return PhasedProfile(len(frame), columns, design)


def _cells(pick: Pick, at: Phases, rows: Phases) -> dict[int, Column]:
    order = rows[np.argsort(at[rows], kind="stable")]
    phases, starts = np.unique(at[order], return_index=True)
    return {int(phase): pick(own) for phase, own in zip(phases, np.split(order, starts[1:]), strict=True)}


def _looks(pick: Pick, at: Phases, of: Phases) -> list[Look]:
    """Slide a window over every season in the order of play; each window looks at the other seasons."""
    looks: list[Look] = []
    for season in np.unique(of):
        own, others = np.flatnonzero(of == season), np.flatnonzero(of != season)
        if not others.size:
            return []
        cells = _cells(pick, at, others)
        for start in range(0, max(1, own.size - CHECKED_ROWS), CHECKED_STEP):
            window = own[start : start + CHECKED_ROWS]
            asked, wanted = np.unique(at[window], return_counts=True)
            looks.append(Look(_matched_column(cells, asked, wanted), pick(window)))
    return looks


def _matched_column(cells: Cells, asked: Phases, wanted: Phases) -> ColumnProfile:
    known = np.array(sorted(cells))
    nearest = [cells[int(known[np.argmin(np.abs(known - phase))])] for phase in asked]
    room = min(cell.rows / count for cell, count in zip(nearest, wanted, strict=True))
    copies = int(min(max(room, 1), MOST_COPIES))
    return profile_column(_merged([_ranked(cell, int(n) * copies) for cell, n in zip(nearest, wanted, strict=True)]))


def _ranked(cell: Column, count: int) -> Column:
    """Return a cell as `count` evenly ranked rows; the missing ones rank last."""
    places = ((np.arange(count) + 0.5) * cell.rows / count).astype(np.int64)
    if cell.kind == "numeric":
        kept = places[places < cell.values.size]
        return Column("numeric", count, count - kept.size, values=cell.values[kept])
    names, ends = list(cell.levels), np.cumsum(list(cell.levels.values()))
    found = np.searchsorted(ends, places, side="right")
    levels = {name: int((found == k).sum()) for k, name in enumerate(names)}
    return Column(cell.kind, count, int((found == len(names)).sum()), levels={k: n for k, n in levels.items() if n})


def _merged(cells: Sequence[Column]) -> Column:
    levels: dict[str | float, int] = {}
    for cell in cells:
        for name, count in cell.levels.items():
            levels[name] = levels.get(name, 0) + count
    values = np.sort(np.concatenate([cell.values for cell in cells]))
    rows, lost = sum(cell.rows for cell in cells), sum(cell.missing for cell in cells)
    return Column(cells[0].kind, rows, lost, values=values, levels=levels, why=cells[0].why)


def _cell_to_dict(cell: Column) -> dict[str, object]:
    if cell.kind == "numeric":
        return {"kind": cell.kind, "rows": cell.rows, "values": [_storable(value) for value in cell.values.tolist()]}
    return {"kind": cell.kind, "rows": cell.rows, "missing": cell.missing, "levels": cell.levels, "why": cell.why}


def _storable(value: float) -> float | int | str:
    if not np.isfinite(value):
        return str(value)
    return int(value) if value.is_integer() else value


def _cell_from_dict(stored: Mapping[str, object]) -> Column:
    rows = int(str(stored["rows"]))
    values = stored.get("values")
    if isinstance(values, list):
        numbers = np.array(values, dtype=np.float64)
        return Column("numeric", rows, rows - numbers.size, values=numbers)
    levels = stored.get("levels")
    if not isinstance(levels, dict):
        raise BadInput("profile.columns", "a cell has neither values nor levels")
    return Column(str(stored["kind"]), rows, int(str(stored["missing"])), levels=levels, why=str(stored.get("why", "")))
