"""Leak: does a feature know the future, or does a backtest look like somebody who does?

Forecasts of games nobody has seen end near .66 accuracy and .21 Brier in this league, and the closing line is the best
there is. What is clearly better has seen results, until somebody explains why not.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.proving.limits import LeakLimits
from tasks.rollout.candidate import Gate
from tasks.rollout.verdict import Verdict

Floats = NDArray[np.float64]

NAME = "leak"
FEWEST = 100
"""Games below which two parts of a backtest are not compared."""


@dataclass(frozen=True, slots=True, eq=False)
class Backtest:
    """Forecasts of past games in the order of play, all of shape (n,).

    p: forecasts; y: 1 for a home win; played: the games that the team with fewer had played before; close: the closing
    line's probability, NaN where there is none; later: whether the game is after the version's training.
    """

    p: Floats
    y: Floats
    played: Floats
    close: Floats
    later: NDArray[np.bool_]


def features_that_knew(full: Mapping[str, Floats], alone: Mapping[str, Floats], tolerance: float = 1e-9) -> list[str]:
    """Return the features that change when the future is removed: those had seen it.

    full: by name, the values of some games computed from the whole history. alone: the same games from a history that
    ends before them. Missing on both sides is equal.

    >>> features_that_knew({"form": np.array([3.0])}, {"form": np.array([1.0])})
    ['form']
    """
    return [name for name, values in alone.items() if not _equal(full[name], values, tolerance)]


def _equal(a: Floats, b: Floats, tolerance: float) -> bool:
    return a.shape == b.shape and bool(np.allclose(a, b, rtol=0.0, atol=tolerance, equal_nan=True))


def accuracy(p: Floats, y: Floats) -> float:
    """Return the share of games called right; a forecast of exactly .5 is half right."""
    return float(np.mean(np.where(p == 0.5, 0.5, (p > 0.5) == (y == 1.0))))


def difference(first: Floats, second: Floats) -> tuple[float, float]:
    """Return the difference of two means and its standard error, for two groups of terms."""
    error = math.sqrt(first.var(ddof=1) / first.size + second.var(ddof=1) / second.size)
    return float(first.mean() - second.mean()), error


def too_good(p: Floats, y: Floats, limits: LeakLimits, where: str) -> list[str]:
    """Return how a part of the backtest is better than anybody is, with room for luck below the games asked for."""
    if p.size < FEWEST:
        return []
    z = 0.0 if p.size >= limits.games else limits.z
    terms, share = (p - y) ** 2, accuracy(p, y)
    brier = float(terms.mean())
    found = []
    if share - z * math.sqrt(share * (1.0 - share) / p.size) > limits.accuracy:
        found.append(f"accuracy {share:.3f} over {p.size} {where}, above {limits.accuracy:g}")
    if brier + z * float(terms.std(ddof=1)) / math.sqrt(p.size) < limits.brier:
        found.append(f"Brier {brier:.4f} over {p.size} {where}, below {limits.brier:g}")
    return found


def beats_the_line(test: Backtest, limits: LeakLimits) -> list[str]:
    """Return how the forecasts are better than the closing line, by `z` standard errors of the paired difference."""
    known = ~np.isnan(test.close)
    if known.sum() < FEWEST:
        return []
    p, close, y = test.p[known], test.close[known], test.y[known]
    d = (p - y) ** 2 - (close - y) ** 2
    error = float(d.std(ddof=1)) / math.sqrt(d.size)
    if d.mean() >= -limits.z * error:
        return []
    return [
        f"Brier better than the closing line by {-d.mean():.4f} over {d.size} games, {-d.mean() / error:.1f} errors"
    ]


def better_early(test: Backtest, limits: LeakLimits) -> list[str]:
    """Return how the forecasts are better in a team's first games, of which least is known, than in later ones."""
    early = test.played < limits.early_games
    terms = (test.p - test.y) ** 2
    if min(early.sum(), (~early).sum()) < FEWEST:
        return []
    gap, error = difference(terms[early], terms[~early])
    if gap >= -limits.z * error:
        return []
    return [
        f"Brier better by {-gap:.4f} in a team's first {limits.early_games} games than later, {-gap / error:.1f} errors"
    ]


def leak(knew: Sequence[str], audited: int, test: Backtest, limits: LeakLimits) -> Gate:
    """Return FAIL where a feature knew the future, or the backtest is too good to be true and nobody explained why.

    knew: the features that changed in the audit of `audited` nights. A leaking feature is no matter of explanation.
    """
    suspect = too_good(test.p, test.y, limits, "past games")
    suspect += too_good(test.p[test.later], test.y[test.later], limits, "games after its training")
    suspect += beats_the_line(test, limits) + better_early(test, limits)
    brier = float(np.mean((test.p - test.y) ** 2)) if test.p.size else 0.0
    figures = {
        "games": float(test.p.size),
        "accuracy": accuracy(test.p, test.y) if test.p.size else 0.0,
        "brier": brier,
        "with_closing_line": float((~np.isnan(test.close)).sum()),
        "audited_nights": float(audited),
    }
    if knew:
        said = f"{', '.join(knew)} changed when the future was removed: compute features from games before the night"
        return Gate(NAME, Verdict.FAIL, said, figures)
    said = f"{audited} nights of features stand without their future; Brier {brier:.4f} over {test.p.size} past games"
    if not suspect:
        return Gate(NAME, Verdict.PASS, said, figures)
    if limits.explained:
        return Gate(NAME, Verdict.PASS, f"{'; '.join(suspect)}; explained: {limits.explained}", figures)
    remedy = "find what it has seen, or say in gates.yaml, leak.explained, why it may be that good"
    return Gate(NAME, Verdict.FAIL, f"{'; '.join(suspect)}: {remedy}", figures)
