"""Rows that come in clusters tell less than independent ones: the design effect, measured on the reference itself."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtri, kolmogi

from tasks.drift.bins import DISCRETE_LEVELS, few_values
from tasks.drift.chi2 import pooled
from tasks.drift.columns import Column
from tasks.drift.ks import ks_distance
from tasks.drift.profile import ColumnProfile

CHECKED_ROWS = 100
CHECKED_STEP = 50
DESIGN_UNKNOWN = 3.0
ACCUSED = 0.05
EXPECTED_SQUARE = math.pi**2 / 12.0

Table = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """A past window beside the reference made of the other seasons."""

    reference: ColumnProfile
    current: Column


def design_of(looks: Sequence[Look]) -> float:
    """Return by how much past windows differ from the other seasons, as a multiple of what chance alone would do.

    The larger of two, at least 1: the mean of chi-square over its degrees of freedom (rows * D^2 over its expectation
    pi^2/12), which is the first-order correction of Rao and Scott (1981); and what keeps the reference from accusing
    itself, the largest statistic over the value that any of so many windows passes with probability .05. Schedules come
    in bursts that a mean does not see. Without past windows: 3, on the safe side.
    """
    if not looks:
        return DESIGN_UNKNOWN
    level = ACCUSED / len(looks)
    found = np.array([ratios for look in looks if (ratios := _ratios(look, level)) is not None])
    return max(1.0, float(found[:, 0].mean()), float(found[:, 1].max())) if found.size else 1.0


def _ratios(look: Look, level: float) -> tuple[float, float] | None:
    """Return the statistic over its expectation, and over its critical value at `level`."""
    n, m = look.reference.known, look.current.rows - look.current.missing
    if not n or not m:
        return None
    table = _table(look)
    if table is not None:
        return _chi2_ratios(pooled(table), level)
    square = n * m / (n + m) * ks_distance(look.reference.sample, look.current.values) ** 2
    return square / EXPECTED_SQUARE, square / float(kolmogi(level)) ** 2


def _table(look: Look) -> Table | None:
    reference, current = look.reference.levels, look.current.levels
    if reference is None:
        return None
    if look.current.kind == "numeric":
        few = few_values(look.current.values)
        if few is None:
            return None
        current = {float(value): int(count) for value, count in zip(*few, strict=True)}
        if len(reference.keys() | current.keys()) > DISCRETE_LEVELS:
            return None
    names = [*reference, *(name for name in current if name not in reference)]
    return np.array([[side.get(name, 0) for name in names] for side in (reference, current)], dtype=np.int64)


def _chi2_ratios(table: Table, level: float) -> tuple[float, float] | None:
    freedom = table.shape[1] - 1
    if freedom < 1:
        return None
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    statistic = float(((table - expected) ** 2 / expected).sum())
    return statistic / freedom, statistic / float(chdtri(freedom, level))
