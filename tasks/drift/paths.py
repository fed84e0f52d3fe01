"""Exact Kolmogorov-Smirnov probabilities by counting lattice paths (Hodges 1957)."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

Floats = NDArray[np.float64]

NEARLY_SQUARE = 8
CHUNK_NATS = 200.0


def exact_p(distance: float, n: int, m: int) -> float:
    """Return P(D >= distance) for two samples of one continuous law, of n and m rows.

    With ties it is an upper bound. Small probabilities keep their digits: paths that leave are counted, not the rest.

    >>> exact_p(1.0, 2, 3)
    0.2
    """
    common, small, large = math.gcd(n, m), min(n, m), max(n, m)
    steps = round(distance * (n // common) * m)
    if steps <= 0:
        return 1.0
    if n == m:
        return _equal_sizes(n, steps)
    if large < NEARLY_SQUARE * small:
        return _by_diagonals(small, large, steps * common)
    return _by_rows(small, large, steps * common)


def _equal_sizes(n: int, gap: int) -> float:
    """Source: Gnedenko and Korolyuk (1951): 2 sum (-1)^(j+1) C(2n, n - j*gap) / C(2n, n)."""
    j = np.arange(1, n // gap + 1)
    logs = 2 * gammaln(n + 1) - gammaln(n + 1 - j * gap) - gammaln(n + 1 + j * gap)
    return float(np.clip(2.0 * np.sum(np.where(j % 2, 1.0, -1.0) * np.exp(logs)), 0.0, 1.0))


def _by_diagonals(small: int, large: int, steps: int) -> float:
    """Return the share of paths from (0, 0) to (small, large) that touch |large*i - small*j| >= steps.

    `outside[i + 1]` is that share among the paths to (i, s - i): A(i) <- A(i) (s - i)/s + A(i-1) i/s, and 1 outside.
    """
    both = small + large
    outside, place = np.ones(small + 3), np.arange(-1.0, small + 2)
    first, last, outside[1] = 0, 0, 0.0
    for s in range(1, both + 1):
        first, last = (small * s - steps) // both + 1, -((-small * s - steps) // both) - 1
        first, last = max(first, s - large, 0), min(last, s, small)
        if last < first:
            return 1.0
        band = outside[first + 1 : last + 2]
        weight = place[first + 1 : last + 2] / s
        arriving = outside[first : last + 1] * weight
        weight *= band
        band -= weight
        band += arriving
        outside[first], outside[last + 2] = 1.0, 1.0
    return float(outside[small + 1])


def _by_rows(small: int, large: int, steps: int) -> float:
    """Return the same share row by row, for one much smaller sample: `outside[j]` belongs to (i, start + j)."""
    log_factorial = gammaln(np.arange(small + large + 1) + 1.0)
    outside, start = np.zeros(_last_inside(0, small, large, steps) + 1), 0
    for i in range(1, small + 1):
        first, last = max(0, (large * i - steps) // small + 1), _last_inside(i, small, large, steps)
        if last < first:
            return 1.0
        above = np.ones(last + 1 - first)
        kept = outside[first - start :]
        above[: kept.size] = kept
        outside, start = _next_row(above, i, first, log_factorial), first
    return float(outside[-1])


def _last_inside(i: int, small: int, large: int, steps: int) -> int:
    return min(large, -((-large * i - steps) // small) - 1)


def _next_row(above: Floats, i: int, first: int, log_factorial: Floats) -> Floats:
    """Solve A(i, j) = (i A(i-1, j) + j A(i, j-1)) / (i + j) along j by sums of path counts, in chunks that fit a float.

    The counts C(i+j, i) grow along j; each chunk is scaled by its own last one.
    """
    j = np.arange(first, first + above.size)
    log_here = log_factorial[i + j] - log_factorial[i] - log_factorial[j]
    carried, row, begin = (0.0 if first == 0 else 1.0), np.empty_like(above), 0
    while begin < above.size:
        end = max(begin + 1, int(np.searchsorted(log_here, log_here[begin] + CHUNK_NATS, side="right")))
        place = slice(begin, end)
        here = np.exp(log_here[place] - log_here[end - 1])
        arriving = np.cumsum(above[place] * here * (i / (i + j[place])))
        row[place] = (arriving + carried * here[0] * (j[begin] / (i + j[begin]))) / here
        carried, begin = float(row[end - 1]), end
    return row
