"""Bins that are fixed with the reference: quantile edges, open ends; or one bin a value."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]

DISCRETE_LEVELS = 30
DECILES = np.arange(1, 10) / 10.0
HEAVY_SHARE = 0.1


def quantile_edges(ordered: Floats) -> Floats:
    """Return the inner edges `numpy.quantile(reference, k/10), k = 1..9`, linear, duplicates removed.

    >>> quantile_edges(np.arange(11.0))
    array([1., 2., 3., 4., 5., 6., 7., 8., 9.])
    """
    if not ordered.size:
        return np.empty(0)
    with np.errstate(invalid="ignore"):
        edges = np.quantile(ordered, DECILES)
    if np.isnan(edges).any():
        edges = np.quantile(ordered, DECILES, method="lower")
    return np.unique(edges)


def counts_between(ordered: Floats, edges: Floats) -> Counts:
    """Return the counts in (-inf, e1) [e1, e2) ... [ek, inf) from one ordered window.

    >>> counts_between(np.array([0.0, 1.0, 1.0, 5.0]), np.array([1.0, 2.0]))
    array([1, 2, 1])
    """
    below = np.searchsorted(ordered, edges, side="left")
    return np.diff(np.concatenate([[0], below, [ordered.size]]))


def few_values(ordered: Floats, most: int = DISCRETE_LEVELS) -> tuple[Floats, Counts] | None:
    """Return the distinct values and their counts, or None when there are more than `most`; jumps, never scans.

    >>> few_values(np.array([0.0, 0.0, 1.0]))
    (array([0., 1.]), array([2, 1]))
    """
    values: list[float] = []
    counts: list[int] = []
    place = 0
    while place < ordered.size:
        if len(values) == most:
            return None
        end = int(np.searchsorted(ordered, ordered[place], side="right"))
        values.append(float(ordered[place]))
        counts.append(end - place)
        place = end
    return np.array(values, dtype=np.float64), np.array(counts, dtype=np.int64)


def heavy_atoms(ordered: Floats, share: float = HEAVY_SHARE) -> Floats:
    """Return the single values that hold at least `share` of a window: spikes that no quantile bin can split.

    >>> heavy_atoms(np.array([0.0] * 5 + list(range(1, 16))))
    array([0.])
    """
    if ordered.size < 2 / share:
        return np.empty(0)
    grid = ordered[np.linspace(0, ordered.size - 1, int(2 / share) + 1).astype(np.int64)]
    candidates = np.unique(grid[1:][grid[1:] == grid[:-1]])
    return candidates[count_of(ordered, candidates) >= share * ordered.size]


def count_of(ordered: Floats, values: Floats) -> Counts:
    """Return how often each value occurs in an ordered window."""
    return np.searchsorted(ordered, values, side="right") - np.searchsorted(ordered, values, side="left")


def smoothed(counts: Counts) -> Floats:
    """Return shares with half a row added to every bin (Jeffreys), so that an empty bin decides nothing.

    >>> smoothed(np.array([3, 0]))
    array([0.875, 0.125])
    """
    shares: Floats = (counts + 0.5) / (counts.sum() + 0.5 * counts.size)
    return shares
