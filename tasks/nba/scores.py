"""How a generated game ends: a margin from the strengths of both teams, and a score around it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tasks.nba.elo import HOME_EDGE

POINTS_PER_ELO = 0.0372
OFFSET = -1.53
MARGIN_SD = 13.2
HOME_WINS = (0.54, 0.60)
TOTAL = 211.0
TOTAL_SD = 18.0
OVERTIME = 0.06
OVERTIME_POINTS = 11
CLOSE = 12
SHARE_CLOSE = 0.585
REDRAWS = 200


@dataclass(frozen=True, slots=True)
class Scores:
    """Hold the final scores of a season's games and how many overtimes each took."""

    home: np.ndarray
    away: np.ndarray
    overtimes: np.ndarray


def expected_margin(difference: np.ndarray, home_edge: np.ndarray, neutral: np.ndarray) -> np.ndarray:
    """Return the points by which the home team is expected to win, from the true Elo difference.

    The offset belongs to playing at home, so on a neutral floor two equal teams are level.

    >>> expected_margin(np.zeros(2), np.full(2, 100.0), np.array([False, True])).round(2).tolist()
    [2.19, 0.0]
    """
    return np.where(neutral, POINTS_PER_ELO * difference, POINTS_PER_ELO * (difference + home_edge) + OFFSET)


def chances(margin: np.ndarray) -> np.ndarray:
    """Return the probability that the home team wins, given its expected margin.

    >>> chances(np.array([0.0, 13.2])).round(4).tolist()
    [0.5, 0.8413]
    """
    from scipy.special import ndtr

    return np.asarray(ndtr(margin / MARGIN_SD))


def luck(difference: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the noise of a season's margins, in points.

    A season in which ordinary home teams would win fewer than .54 or more than .60 of the games is one that the
    league has not had: its noise is drawn again.
    """
    ordinary = expected_margin(difference, np.full(len(difference), HOME_EDGE), np.zeros(len(difference), bool))
    noise = rng.normal(0.0, MARGIN_SD, len(difference))
    for _ in range(REDRAWS):
        if HOME_WINS[0] <= float((ordinary + noise > 0).mean()) <= HOME_WINS[1]:
            break
        noise = rng.normal(0.0, MARGIN_SD, len(difference))
    return noise


def scores(margin: np.ndarray, totals: np.ndarray, rng: np.random.Generator) -> Scores:
    """Return whole scores for margins in points; nobody draws, and 6 % of the games go to overtime.

    totals: points that both teams together score more than usual, per game.
    """
    whole = np.where(np.rint(margin) == 0, np.where(margin > 0, 1, -1), np.rint(margin)).astype(int)
    close = np.abs(whole) <= CLOSE
    extra = close & (rng.random(len(whole)) < OVERTIME / SHARE_CLOSE)
    overtimes = np.where(extra, rng.geometric(0.85, len(whole)), 0)
    both = np.rint(rng.normal(TOTAL, TOTAL_SD, len(whole)) + totals).astype(int) + OVERTIME_POINTS * overtimes
    both = np.maximum(both, 130 + np.abs(whole))
    both += (both + whole) % 2
    return Scores((both + whole) // 2, (both - whole) // 2, overtimes)
