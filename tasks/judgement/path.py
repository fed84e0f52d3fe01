"""The running sums after each look, added so that the order of the rows cannot matter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.judgement.evidence import log_level, log_mean_exp
from tasks.judgement.guard import guard_terms
from tasks.judgement.ledger import Ledger
from tasks.judgement.mixture import Array
from tasks.judgement.paired import paired_terms
from tasks.judgement.rule import Rule


@dataclass(frozen=True, slots=True)
class Path:
    """Sums over the units of the first k looks, k = 1, 2, ...: a look is a closed night with a labelled unit.

    squares: sum d^2; guard: log G since the last resume; latched: whether the guard fired since then.
    """

    nights: tuple[str, ...]
    n: Array
    S: Array
    Q: Array
    squares: Array
    answered: Array
    guard: Array
    latched: NDArray[np.bool_]


def path_of(ledger: Ledger, rule: Rule, resumed: Sequence[str] = ()) -> Path:
    """Return the sums of a ledger under a rule; resumed: nights after which the guard counts afresh."""
    units = np.bincount(ledger.night, minlength=len(ledger.nights))
    closed = set(ledger.closed)
    kept = np.array([night in closed for night in ledger.nights], dtype=bool) & (units > 0)
    rows = kept[ledger.night]
    look = (np.cumsum(kept) - 1)[ledger.night[rows]]
    d, q = paired_terms(ledger.p_old[rows], ledger.p_new[rows], ledger.y[rows], rule.score, rule.clip)
    nights = tuple(night for night, keep in zip(ledger.nights, kept, strict=True) if keep)
    terms = (np.ones(len(d)), d, q, d * d, ledger.answered[rows].astype(float))
    n, S, Q, squares, answered = (np.cumsum(_by_look(look, x, len(nights))) for x in terms)
    bets = [_by_look(look, bet, len(nights)) for bet in guard_terms(q, rule.q_bar, rule.guard_factor)]
    guard, latched = _guard(np.array(bets), np.searchsorted(sorted(resumed), nights), log_level(rule.guard_alpha))
    return Path(nights, n, S, Q, squares, answered, guard, latched)


def _by_look(look: NDArray[np.int_], x: Array, looks: int) -> Array:
    """Return sums by look. Terms are split on two fixed grids whose sums are exact in any order (4e6 units a night)."""
    coarse = np.round(x * 2.0**26) / 2.0**26
    fine = np.round((x - coarse) * 2.0**58) / 2.0**58
    return np.add(np.bincount(look, coarse, looks), np.bincount(look, fine, looks), dtype=float)


def _guard(bets: Array, segment: NDArray[np.int_], level: float) -> tuple[Array, NDArray[np.bool_]]:
    guard, latched = np.zeros(len(segment)), np.zeros(len(segment), dtype=bool)
    for start in np.unique(segment):
        part = segment == start
        guard[part] = log_mean_exp(np.cumsum(bets[:, part], axis=1))
        latched[part] = np.maximum.accumulate(guard[part] >= level)
    return guard, latched
