"""From sums to evidence: the harm side, the promotion side, the bounds to show, and the rung they have earned."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tasks.judgement.mixture import Array, crossing, log_mix

FLOOR = 1e-4
HARM = (1.0, 0.5)
Two = tuple[float, float]


def prior(margin: float, q_bar: float) -> Two:
    """Return centre and spread of the promotion mixture: L = margin / max(q_bar, 1e-4), and L / 2."""
    centre = margin / max(q_bar, FLOOR)
    return centre, centre / 2.0


def log_e_rollback(S: ArrayLike, Q: ArrayLike) -> Array:
    """Return the log evidence against "not worse"; S = sum d, Q = sum q."""
    return log_mix(S, Q, *HARM)


def log_e_promote(n: ArrayLike, S: ArrayLike, Q: ArrayLike, margin: float, q_bar: float) -> Array:
    """Return the log evidence against "worse by the margin" after n units."""
    return log_mix(np.asarray(n) * margin - np.asarray(S), Q, *prior(margin, q_bar))


def anytime_bounds(n: Array, S: Array, Q: Array, levels: Two, promote: Two) -> tuple[Array, Array]:
    """Return the lower and upper bound of the mean difference, valid at every look at once.

    levels: log(1/alpha) for the lower, log(1/beta) for the upper; promote: the prior of the promotion mixture.
    """
    return (S - crossing(Q, *HARM, levels[0])) / n, (S + crossing(Q, *promote, levels[1])) / n


def rungs(best: Array, steps: int, level: float) -> NDArray[np.int_]:
    """Return floor(steps * best / level), from 0 to steps; best is the running max of the promotion evidence.

    Equal parts of log evidence: P(rung i is ever reached | worse by the margin) <= beta^(i / steps).
    """
    return np.clip(np.floor(steps * best / level), 0, steps).astype(int)


def log_mean_exp(logs: Sequence[Array] | Array, weights: Sequence[float] | None = None) -> Array:
    """Return the log of the (weighted) mean of exp(logs) over the first axis; weights are renormalised."""
    stacked = np.asarray(logs, dtype=float)
    shares = np.ones(len(stacked)) if weights is None else np.asarray(weights, dtype=float)
    terms = stacked + np.log(shares / shares.sum()).reshape(-1, *[1] * (stacked.ndim - 1))
    mean: Array = np.logaddexp.reduce(terms, axis=0)
    return mean


def log_level(error: float, arms: int = 1) -> float:
    """Return log(arms / error): the boundary of one error shared equally among arms; inf for an error of 0."""
    return math.log(arms / error) if error > 0 else math.inf
