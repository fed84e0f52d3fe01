"""What the rules that other tools use would have done with the same nights: for comparison, never for a decision."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri, stdtr

from tasks.judgement.mixture import Array
from tasks.judgement.path import Path
from tasks.judgement.rule import Rule
from tasks.rollout.verdict import Verdict

MEASUREMENTS, FAILURE_LIMIT = 20, 3


@dataclass(frozen=True, slots=True)
class Call:
    """What a rule decided and when: night counts looks from 1, None where it never decided."""

    verdict: Verdict
    night: int | None
    units: int


def t_test(path: Path, rule: Rule) -> Call:
    """Call a paired t-test after every night, as if each were the only one: worse than 0, or better than the margin."""
    n, mean = path.n, path.S / path.n
    sd = np.sqrt(np.maximum(path.squares - path.n * mean**2, 0.0) / np.maximum(n - 1.0, 1.0))
    error = np.maximum(sd / np.sqrt(n), 1e-300)
    ready = n >= rule.min_units
    worse = ready & (stdtr(n - 1.0, mean / error) >= 1.0 - rule.alpha)
    return _first(path, rule, worse, ready & (stdtr(n - 1.0, (rule.margin - mean) / error) >= 1.0 - rule.beta))


def threshold(path: Path, rule: Rule) -> Call:
    """Call a canary analysis on the mean difference: 20 nightly measurements, more than 3 above the margin fail it.

    Source: Argo Rollouts' AnalysisTemplate with count, failureLimit and a successCondition; Flagger's is alike.
    """
    failures = np.cumsum(path.S / path.n > rule.margin)
    return _first(path, rule, failures > FAILURE_LIMIT, np.arange(1, len(failures) + 1) >= MEASUREMENTS)


def mann_whitney(path: Path, rule: Rule, losses: tuple[Array, Array]) -> Call:
    """Call Kayenta's test: 20 nightly comparisons of the losses as two samples at 98 %, any significant one fails.

    Its tolerance of a quarter of the shift is left out, so it objects here at least as often as there.
    """
    worse = np.zeros(len(path.n), dtype=bool)
    for k, n in enumerate(path.n[:MEASUREMENTS].astype(int)):
        old, new = np.sort(losses[0][:n]), losses[1][:n]
        wins = (np.searchsorted(old, new, "left") + np.searchsorted(old, new, "right")).sum() / 2.0
        spread = np.sqrt(n * n * (2.0 * n + 1.0) / 12.0)
        worse[k] = n >= rule.min_units and ndtr((wins - n * n / 2.0) / spread) >= 0.99
    return _first(path, rule, worse, np.arange(1, len(worse) + 1) >= MEASUREMENTS)


def obrien_fleming(path: Path, rule: Rule) -> Call:
    """Call a group-sequential design over n_max units: the boundary z sqrt(n_max / n) at any look before the horizon.

    z from the reflection principle, so it holds for every set of looks; it needs the horizon fixed and the variance
    known, here estimated from the units so far. Source: O'Brien & Fleming (1979).
    """
    n, mean = path.n, path.S / path.n
    sd = np.maximum(np.sqrt(np.maximum(path.squares / n - mean**2, 0.0)), 1e-300)
    ready = n >= rule.min_units
    scale = n / (sd * np.sqrt(rule.n_max))
    worse = ready & (mean * scale >= ndtri(1.0 - rule.alpha / 2.0))
    return _first(path, rule, worse, ready & ((rule.margin - mean) * scale >= ndtri(1.0 - rule.beta / 2.0)))


def _first(path: Path, rule: Rule, worse: NDArray[np.bool_], fine: NDArray[np.bool_]) -> Call:
    """Return the first call up to the look that reaches n_max; both at once is a failure."""
    ends = (worse | fine) & (np.append(0.0, path.n)[:-1] < rule.n_max)
    if ends.any():
        at = int(np.argmax(ends))
        return Call(Verdict.FAIL if worse[at] else Verdict.PASS, at + 1, int(path.n[at]))
    units = int(path.n[-1]) if path.nights else 0
    return Call(Verdict.INCONCLUSIVE if units >= rule.n_max else Verdict.WAIT, None, units)


RIVALS = {"t-test": t_test, "threshold": threshold, "O'Brien-Fleming": obrien_fleming}
