"""A season's schedule: which nights, how many games on each, who plays whom and where.

The shape is the league's: big Wednesdays and Fridays, small Thursdays, breaks at Thanksgiving, Christmas Eve and for
the all-star game, four or three meetings within a conference and two across, as many games at home as away.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from tasks.nba.teams import TEAMS
from tasks.rollout.refusal import BadInput

EAST = ("ATL", "BKN", "BOS", "CHA", "CHI", "CLE", "DET", "IND", "MIA", "MIL", "NYK", "ORL", "PHI", "TOR", "WAS")
CODES = (*EAST, *sorted(set(TEAMS) - set(EAST)))
FULL_SEASON = 82
NIGHTS = 164
LAST_DAY = (4, 12)
WEEKDAY_GAMES = np.array([6.9, 6.4, 10.6, 3.2, 10.5, 8.0, 6.5])
NIGHT_SD = 2.05
MOST_GAMES = len(CODES) // 2
READINESS = np.array([-1.6, 0.9, 1.25, 1.7])
HOME_LEAN = np.array([-0.48, 0.08, 0.12, 0.5])
ATTEMPTS = 50


@dataclass(frozen=True, slots=True)
class Fixtures:
    """List the games of a season in the order of play: day (proleptic ordinal), home and away as places in CODES."""

    day: np.ndarray
    home: np.ndarray
    away: np.ndarray


def fixtures(season: int, games: int, rng: np.random.Generator) -> Fixtures:
    """Return a season's schedule of `games` games a team; no team plays twice a day, and half of them are at home.

    season: the year in which it ends. Raises BadInput unless 10 <= games <= 82.
    """
    if not 10 <= games <= FULL_SEASON:
        raise BadInput("games", f"a season has 10 to {FULL_SEASON} games a team, not {games}")
    for _ in range(ATTEMPTS):
        days = nights(season, round(NIGHTS * games / FULL_SEASON))
        sizes = night_sizes(days, games * len(CODES) // 2, rng)
        drawn = _Draw(games, rng).all(days, sizes)
        if drawn is not None:
            return drawn
    raise BadInput("games", f"no schedule of {games} games a team was found; try another seed")


def nights(season: int, count: int) -> np.ndarray:
    """Return the days (proleptic ordinals) of a season's `count` nights, the last of them in the middle of April."""
    last = date(season, *LAST_DAY)
    breaks = _breaks(season)
    days: list[int] = []
    day = last
    while len(days) < count:
        if day not in breaks:
            days.append(day.toordinal())
        day -= timedelta(days=1)
    return np.array(days[::-1])


def night_sizes(days: np.ndarray, total: int, rng: np.random.Generator) -> np.ndarray:
    """Return how many games each night has: by weekday, with noise, from 1 to 15, and `total` in all."""
    means = WEEKDAY_GAMES[(days + 6) % 7]
    sizes: np.ndarray = np.clip(
        np.rint(means * total / means.sum() + rng.normal(0.0, NIGHT_SD, len(days))), 1, MOST_GAMES
    )
    sizes = sizes.astype(int)
    while (gap := total - int(sizes.sum())) != 0:
        step = 1 if gap > 0 else -1
        free = np.flatnonzero((sizes + step >= 1) & (sizes + step <= MOST_GAMES))
        sizes[rng.choice(free, size=min(abs(gap), len(free)), replace=False)] += step
    return sizes


def _breaks(season: int) -> set[date]:
    november = date(season - 1, 11, 1)
    thanksgiving = november + timedelta(days=(3 - november.weekday()) % 7 + 21)
    february = date(season, 2, 1)
    all_star = february + timedelta(days=(4 - february.weekday()) % 7 + 14)
    return {thanksgiving, date(season - 1, 12, 24), *(all_star + timedelta(days=n) for n in range(6))}


def _meetings(games: int) -> np.ndarray:
    place = np.arange(len(CODES))
    east = place < len(EAST)
    same = east[:, None] == east[None, :]
    apart = (place[:, None] - place[None, :]) % len(EAST)
    often = np.isin(apart, [1, 2, 3, 4, 5, 10, 11, 12, 13, 14])
    target = np.where(same, np.where(often, 4.0, 3.0), 2.0) * games / FULL_SEASON
    np.fill_diagonal(target, -99.0)
    return target


class _Draw:
    """Draw one schedule night by night: who is due and rested plays, against whom they have met least."""

    def __init__(self, games: int, rng: np.random.Generator) -> None:
        self._rng = rng
        self._left = np.full(len(CODES), games)
        self._last = np.full(len(CODES), -99)
        self._need = _meetings(games)
        self._surplus = np.zeros(len(CODES))
        self._lead = np.zeros((len(CODES), len(CODES)))

    def all(self, days: np.ndarray, sizes: np.ndarray) -> Fixtures | None:
        day, home, away = [], [], []
        for place, (today, size) in enumerate(zip(days.tolist(), sizes.tolist(), strict=True)):
            playing = self._playing(today, 2 * size, len(days) - place)
            if playing is None:
                return None
            for one, other in self._pairs(playing):
                at_home, on_road = self._sides(one, other, today)
                day.append(today)
                home.append(at_home)
                away.append(on_road)
            self._last[playing] = today
        if self._left.any():
            return None
        return _level(Fixtures(np.array(day), np.array(home), np.array(away)))

    def _playing(self, today: int, count: int, nights_left: int) -> np.ndarray | None:
        rest = np.clip(today - self._last - 1, 0, 3)
        behind = self._left - self._left.mean()
        urgency = behind * (0.5 + 8.0 / nights_left)
        score = READINESS[rest] + urgency + self._rng.gumbel(size=len(CODES)) * 0.6
        score[self._left == 0] = -np.inf
        score[self._left >= nights_left] = np.inf
        chosen = np.argsort(-score, kind="stable")[:count]
        if np.isneginf(score[chosen]).any():
            return None
        self._left[chosen] -= 1
        return chosen

    def _pairs(self, playing: np.ndarray) -> list[tuple[int, int]]:
        free = self._rng.permutation(playing).tolist()
        wish = self._need + self._rng.random(self._need.shape) * 0.8
        pairs = []
        while free:
            one = free.pop()
            other = max(free, key=wish[one].__getitem__)
            free.remove(other)
            self._need[one, other] -= 1
            self._need[other, one] -= 1
            pairs.append((one, other))
        return pairs

    def _sides(self, one: int, other: int, today: int) -> tuple[int, int]:
        rest = np.clip(today - self._last[[one, other]] - 1, 0, 3)
        lean = 2.0 * (HOME_LEAN[rest[0]] - HOME_LEAN[rest[1]])
        lean -= 0.5 * (self._surplus[one] - self._surplus[other]) + 0.8 * self._lead[one, other]
        home, away = (one, other) if self._rng.random() < 1.0 / (1.0 + np.exp(-lean)) else (other, one)
        self._surplus[home] += 1
        self._surplus[away] -= 1
        self._lead[home, away] += 1
        self._lead[away, home] -= 1
        return home, away


def _level(drawn: Fixtures) -> Fixtures:
    """Return the games with sides exchanged along chains until nobody is at home more than once too often."""
    home, away = drawn.home.copy(), drawn.away.copy()
    while True:
        surplus = np.bincount(home, minlength=len(CODES)) - np.bincount(away, minlength=len(CODES))
        if surplus.max() <= 1:
            return Fixtures(drawn.day, home, away)
        for game in _chain(home, away, int(surplus.argmax()), surplus):
            home[game], away[game] = away[game], home[game]


def _chain(home: np.ndarray, away: np.ndarray, start: int, surplus: np.ndarray) -> list[int]:
    reached: dict[int, list[int]] = {start: []}
    queue = [start]
    for team in queue:
        for game in np.flatnonzero(home == team).tolist():
            guest = int(away[game])
            if guest not in reached:
                reached[guest] = [*reached[team], game]
                queue.append(guest)
                if surplus[guest] < 0:
                    return reached[guest]
    return []
