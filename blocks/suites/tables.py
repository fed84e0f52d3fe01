"""Checks of whole tables that Great Expectations lacks: faults that no single row shows."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from blocks.suites.finding import Finding
from blocks.suites.rows import where

if TYPE_CHECKING:
    import pandas as pd

POINTER = "version https://git-lfs.github.com"


@dataclass(frozen=True, slots=True)
class Scope:
    """Which rows a check looks at, in which groups, in which order."""

    only_where: str = ""
    by: tuple[str, ...] = ()
    order: str = "date"


@dataclass(frozen=True, slots=True)
class Bounds:
    """A share's bounds, and how sure one must be that it lies outside: `z` standard errors over `min_rows` rows."""

    low: float
    high: float
    min_rows: int = 100
    z: float = 2.0


def share(frame: pd.DataFrame, condition: str, bounds: Bounds, scope: Scope) -> Finding:
    """Check the share of rows for which a condition is true, in each group; small groups are not judged."""
    for name, part in groups(frame[where(frame, scope.only_where)], scope.by):
        if len(part) < bounds.min_rows:
            continue
        found = float(where(part, condition).mean())
        room = bounds.z * math.sqrt(0.25 / len(part))
        if found < bounds.low - room or found > bounds.high + room:
            return Finding(
                False,
                f"{name}{condition} in {found:.1%} of {len(part)} rows, expected {bounds.low:g} to {bounds.high:g}",
            )
    return Finding(True)


def stay_alive(frame: pd.DataFrame, columns: Sequence[str], scope: Scope, min_rows: int) -> Finding:
    """Check that no column that was filled goes on empty: at most `min_rows` rows in a row at the end of a group.

    A column counts as filled when half of the rows before that end hold a value, and at least half of `min_rows`.
    """
    played = frame[where(frame, scope.only_where)]
    for name, part in groups(played.sort_values(scope.order, kind="stable"), scope.by):
        for column in [other for other in columns if other in part.columns]:
            alive = np.flatnonzero(_filled(part[column]))
            if not alive.size:
                continue
            last = int(alive[-1])
            tail = len(part) - 1 - last
            if tail > min_rows and alive.size >= max(min_rows / 2, (last + 1) / 2):
                died = part[scope.order].iloc[last]
                return Finding(False, f"{name}{column} is empty after {died}, in the last {tail} of {len(part)} rows")
    return Finding(True)


def no_series(frame: pd.DataFrame, teams: Sequence[str], scope: Scope, length: int) -> Finding:
    """Check that no two teams meet `length` times in a row, which happens in play-offs alone."""
    asked = frame[where(frame, scope.only_where)].sort_values(scope.order, kind="stable")
    found = [meeting for name, part in groups(asked, scope.by) for meeting in _series(part, teams, scope.order, length)]
    if not found:
        return Finding(True)
    return Finding(False, f"{len(found)} series of {length} games in a row: {', '.join(found[:3])}")


def _series(part: pd.DataFrame, teams: Sequence[str], order: str, length: int) -> Iterator[str]:
    runs: dict[object, tuple[object, int]] = {}
    for day, home, away in zip(part[order], part[teams[0]], part[teams[1]], strict=True):
        for team, opponent in ((home, away), (away, home)):
            before, count = runs.get(team, (None, 0))
            runs[team] = opponent, count + 1 if before == opponent else 1
        if min(runs[home][1], runs[away][1]) == length:
            yield f"{home}-{away} by {day}"


def zeros_rare(frame: pd.DataFrame, columns: Sequence[str], at_most: float, scope: Scope, min_rows: int) -> Finding:
    """Check that zeros have not taken the place of missing values."""
    part = frame[where(frame, scope.only_where)]
    for column in columns:
        found = float((part[column] == 0).mean()) if len(part) >= min_rows else 0.0
        if found > at_most:
            return Finding(False, f"{column} is 0 in {found:.1%} of {len(part)} rows, expected at most {at_most:.1%}")
    return Finding(True)


def beats_mirror(frame: pd.DataFrame, forecast: str, outcome: str, min_rows: int, z: float) -> Finding:
    """Check that a forecast fits the outcomes better than the same forecast of the other side."""
    rows = frame[[forecast, outcome]].astype(float).dropna()
    p, y = rows[forecast].to_numpy().clip(0.01, 0.99), rows[outcome].to_numpy()
    gain = (2 * y - 1) * (np.log(p) - np.log1p(-p))
    if len(rows) < min_rows or np.ptp(gain) == 0.0:
        return Finding(True)
    spread = float(gain.std())
    score = float(gain.mean()) / spread * math.sqrt(len(rows))
    if score > -z:
        return Finding(True)
    return Finding(False, f"{forecast} fits the other side's results better ({-score:.1f} standard errors): swapped?")


def differ(frame: pd.DataFrame, column: str, scope: Scope, min_rows: int) -> Finding:
    """Check that not every row of a group carries the same number."""
    for name, part in groups(frame[where(frame, scope.only_where)], scope.by):
        values = part[column].dropna()
        if len(values) >= min_rows and values.nunique() == 1:
            return Finding(False, f"{name}{column} is {values.iloc[0]:g} in all {len(values)} rows")
    return Finding(True)


def no_pointer(frame: pd.DataFrame) -> Finding:
    """Check that the table is not the pointer that a storage leaves in place of a large file."""
    if any(str(name).startswith(POINTER) for name in frame.columns):
        return Finding(
            False, "this is a storage pointer of about 130 bytes in place of the file: fetch the file itself"
        )
    return Finding(True)


def groups(frame: pd.DataFrame, by: Sequence[str]) -> Iterator[tuple[str, pd.DataFrame]]:
    """Return the parts of a frame with the words that name them; columns that are not there do not divide it."""
    there = [name for name in by if name in frame.columns]
    if not there:
        yield "", frame
        return
    for values, part in frame.groupby(there, sort=True, dropna=False):
        yield f"{' '.join(str(value) for value in values)}: ", part


def _filled(values: pd.Series) -> np.ndarray:
    return values.notna().to_numpy() & (values.astype(str) != "").to_numpy()
