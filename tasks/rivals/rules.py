"""What the rules that other tools use would have done with the same nights: for comparison, never for a decision."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri, stdtr

from tasks.rivals.season import Bounds, Call, Season
from tasks.rollout.verdict import Verdict

MEASUREMENTS, FAILURE_LIMIT = 20, 3


def t_test(season: Season, bounds: Bounds) -> Call:
    """Call a paired t-test after every night, as if each were the only one: worse than 0, or better than the margin."""
    n, mean = season.n, season.S / season.n
    sd = np.sqrt(np.maximum(season.squares - season.n * mean**2, 0.0) / np.maximum(n - 1.0, 1.0))
    error = np.maximum(sd / np.sqrt(n), 1e-300)
    ready = n >= bounds.min_units
    worse = ready & (stdtr(n - 1.0, mean / error) >= 1.0 - bounds.alpha)
    return _first(season, bounds, worse, ready & (stdtr(n - 1.0, (bounds.margin - mean) / error) >= 1.0 - bounds.beta))


def threshold(season: Season, bounds: Bounds) -> Call:
    """Call a canary analysis on the mean difference: 20 nightly measurements, more than 3 above the margin fail it.

    Source: Argo Rollouts' AnalysisTemplate with count, failureLimit and a successCondition; Flagger's is alike.

    >>> nights, losses = np.arange(10.0, 60.0, 10.0), np.zeros(50)
    >>> threshold(Season(nights, 0.24 * nights, nights, losses, losses + 0.24), Bounds()).night
    4
    """
    failures = np.cumsum(season.S / season.n > bounds.margin)
    return _first(season, bounds, failures > FAILURE_LIMIT, np.arange(1, len(failures) + 1) >= MEASUREMENTS)


def mann_whitney(season: Season, bounds: Bounds) -> Call:
    """Call Kayenta's test: 20 nightly comparisons of the losses as two samples at 98 %, any significant one fails.

    Its tolerance of a quarter of the shift is left out, so it objects here at least as often as there.
    """
    worse = np.zeros(len(season.n), dtype=bool)
    for k, n in enumerate(season.n[:MEASUREMENTS].astype(int)):
        old, new = np.sort(season.old[:n]), season.new[:n]
        wins = (np.searchsorted(old, new, "left") + np.searchsorted(old, new, "right")).sum() / 2.0
        spread = np.sqrt(n * n * (2.0 * n + 1.0) / 12.0)
        worse[k] = n >= bounds.min_units and ndtr((wins - n * n / 2.0) / spread) >= 0.99
    return _first(season, bounds, worse, np.arange(1, len(worse) + 1) >= MEASUREMENTS)


def obrien_fleming(season: Season, bounds: Bounds) -> Call:
    """Call a group-sequential design over n_max units: the boundary z sqrt(n_max / n) at any look before the horizon.

    z from the reflection principle, so it holds for every set of looks; it needs the horizon fixed and the variance
    known, here estimated from the units so far. Source: O'Brien & Fleming (1979).
    """
    n, mean = season.n, season.S / season.n
    sd = np.maximum(np.sqrt(np.maximum(season.squares / n - mean**2, 0.0)), 1e-300)
    ready = n >= bounds.min_units
    scale = n / (sd * np.sqrt(bounds.n_max))
    worse = ready & (mean * scale >= ndtri(1.0 - bounds.alpha / 2.0))
    return _first(season, bounds, worse, ready & ((bounds.margin - mean) * scale >= ndtri(1.0 - bounds.beta / 2.0)))


def _first(season: Season, bounds: Bounds, worse: NDArray[np.bool_], fine: NDArray[np.bool_]) -> Call:
    """Return the first call up to the look that reaches n_max; both at once is a failure."""
    ends = (worse | fine) & (np.append(0.0, season.n)[:-1] < bounds.n_max)
    if ends.any():
        at = int(np.argmax(ends))
        return Call(Verdict.FAIL if worse[at] else Verdict.PASS, at + 1, int(season.n[at]))
    units = int(season.n[-1]) if len(season.n) else 0
    return Call(Verdict.INCONCLUSIVE if units >= bounds.n_max else Verdict.WAIT, None, units)


RIVALS = {
    "t-test": t_test,
    "threshold": threshold,
    "O'Brien-Fleming": obrien_fleming,
    "Mann-Whitney": mann_whitney,
}
"""What the daily paired t-test, Argo Rollouts, a group-sequential design and Kayenta would have called."""
