"""Errors and slow requests as evidence: canary against baseline in the same windows, and against a limit."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from tasks.judgement.evidence import log_mean_exp
from tasks.judgement.mixture import Array
from tasks.rollout.refusal import BadInput

RATIOS = np.array([[1.25], [1.5], [2.0], [4.0], [8.0]])
SAFE_SHARES = np.array([[0.5], [0.25], [0.1]])


def rate_log_e(
    canary_bad: ArrayLike, canary_n: ArrayLike, baseline_bad: ArrayLike, baseline_n: ArrayLike, temper: float = 0.25
) -> Array:
    """Return the path of log e, window by window, that the canary's rate of bad events passes the baseline's.

    Given a bad event it is the canary's with odds r n_c / n_b, so outages common to both cancel. Windows with an empty
    arm add nothing. temper: 1/overdispersion, for bursts (`measured_temper`). Raises BadInput on impossible counts.

    >>> rate_log_e([0, 6], [100, 100], [0, 1], [1900, 1900]).round(2).tolist()
    [0.0, 1.62]
    """
    bad_c, n_c = _counts("canary", canary_bad, canary_n)
    bad_b, n_b = _counts("baseline", baseline_bad, baseline_n)
    if n_c.shape != n_b.shape:
        raise BadInput("baseline_n", f"{n_b.size} windows beside {n_c.size} of the canary; both arms need every window")
    if not 0 < temper <= 1:
        raise BadInput("temper", f"{temper} is not within (0, 1]; it is 1/overdispersion")
    both = (n_c > 0) & (n_b > 0)
    odds = np.where(both, n_c / np.where(both, n_b, 1.0), 0.0)
    terms = bad_c * np.log(RATIOS) + (bad_c + bad_b) * (np.log1p(odds) - np.log1p(RATIOS * odds))
    return log_mean_exp(np.cumsum(temper * np.where(both, terms, 0.0), axis=1))


def below_limit_log_e(bad: ArrayLike, n: ArrayLike, limit: float) -> Array:
    """Return the path of log e, window by window, that the rate of bad events is below the limit (null: p >= limit).

    >>> below_limit_log_e([0, 0], [300, 300], 0.01).round(2).tolist()
    [2.28, 4.73]
    """
    events, requests = _counts("canary", bad, n)
    if not 0 < limit < 1:
        raise BadInput("limit", f"{limit} is not a rate within (0, 1)")
    fewer = np.log1p(-SAFE_SHARES * limit) - np.log1p(-limit)
    return log_mean_exp(np.cumsum(events * np.log(SAFE_SHARES) + (requests - events) * fewer, axis=1))


def measured_temper(
    canary_bad: ArrayLike, canary_n: ArrayLike, baseline_bad: ArrayLike, baseline_n: ArrayLike, unmeasured: float = 0.25
) -> float:
    """Return 1/overdispersion of two equal arms (A/A windows), at most 1; `unmeasured` where under 30 saw a bad event.

    Overdispersion: the mean of Pearson's squared residual of the canary's share of the bad events of a window.
    """
    bad_c, n_c = _counts("canary", canary_bad, canary_n)
    bad_b, n_b = _counts("baseline", baseline_bad, baseline_n)
    seen = (n_c > 0) & (n_b > 0) & (bad_c + bad_b > 0)
    if np.count_nonzero(seen) < 30:
        return unmeasured
    events, share = (bad_c + bad_b)[seen], (n_c / np.maximum(n_c + n_b, 1.0))[seen]
    residual = (bad_c[seen] - events * share) ** 2 / (events * share * (1.0 - share))
    return float(1.0 / max(1.0, residual.mean()))


def _counts(arm: str, bad: ArrayLike, n: ArrayLike) -> tuple[Array, Array]:
    events, requests = np.atleast_1d(np.asarray(bad, dtype=float)), np.atleast_1d(np.asarray(n, dtype=float))
    if events.shape != requests.shape or events.ndim != 1:
        raise BadInput(f"{arm}_bad", f"{events.shape} beside {requests.shape} requests; give one count a window")
    good = (events >= 0) & (events <= requests) & np.isfinite(requests)
    if not good.all():
        at = int(np.argmin(good))
        raise BadInput(f"{arm}_bad", f"window {at} has {events[at]} bad events of {requests[at]} requests")
    return events, requests
