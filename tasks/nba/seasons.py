"""Generated seasons: thirty teams of known strength, 1,230 games, and what a feed would say of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from tasks.nba.elo import CARRY, HOME_EDGE, MEAN
from tasks.nba.publishing import publish, troubles
from tasks.nba.regimes import ORDINARY, Regime
from tasks.nba.schedule import CODES, Fixtures, fixtures
from tasks.nba.scores import chances, expected_margin, luck, scores

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

STRENGTH_SD = 140.0
PACIFIC = ("GSW", "LAC", "LAL", "PHX", "POR", "SAC")
MOUNTAIN = ("DEN", "UTA")
CENTRAL = ("CHI", "DAL", "HOU", "MEM", "MIL", "MIN", "NOP", "OKC", "SAS")
EVENINGS = {"pacific": ("10:00 pm", "10:30 pm"), "mountain": ("9:00 pm", "9:00 pm"), "central": ("8:00 pm", "8:30 pm")}
AFTERNOONS = ("1:00 pm", "3:30 pm", "6:00 pm")


@dataclass(frozen=True, slots=True)
class Season:
    """Hold a generated season.

    games: the rows of a file drop, corrections and repetitions included. truth: one row a game that was played, indexed
    by game_id in the order of play, with the final score and `p_home`, the probability that the home team had.
    strengths: each team's true Elo.
    """

    season: int
    regime: Regime
    games: pd.DataFrame
    truth: pd.DataFrame
    strengths: dict[str, float]


def generate_season(
    season: int,
    rng: np.random.Generator | int,
    regime: Regime = ORDINARY,
    strengths: Mapping[str, float] | None = None,
) -> Season:
    """Return one season, the same for the same seed; a regime changes what it names and nothing else.

    season: the year in which it ends. strengths: last season's, which are carried over; None draws new ones.

    >>> made = generate_season(2026, 7)
    >>> len(made.truth), made.truth["date"].nunique()
    (1230, 164)
    """
    of_teams, of_schedule, of_games, of_scores, of_clock, of_news, of_feed = np.random.default_rng(rng).spawn(7)
    true = carried_over(strengths, of_teams)
    drawn = fixtures(season, regime.games, of_schedule)
    count = len(drawn.day)
    edge, neutral, totals = _conditions(drawn.day, regime)
    news = _news(count, regime, of_news)
    difference = np.array(
        [true[CODES[home]] - true[CODES[away]] for home, away in zip(drawn.home, drawn.away, strict=True)]
    )
    margin = expected_margin(difference + news, edge, neutral)
    ended = scores(margin + luck(difference, of_games), totals, of_scores)
    told = {
        "home_pts": ended.home,
        "away_pts": ended.away,
        "tip_et": _clocks(drawn, of_clock),
        "neutral": neutral.astype(int),
        "season_type": "regular",
        "overtimes": ended.overtimes,
        "late_news": news,
    }
    games = _frame(season, drawn, told)
    met_rng, slip_rng = of_feed.spawn(2)
    met = troubles(drawn.day, (drawn.home, drawn.away), regime, met_rng)
    published = publish(games, met, drawn.day, slip_rng)
    return Season(season, regime, published, _truth(published, games, chances(margin)), true)


def generate_seasons(
    first: int,
    count: int,
    rng: np.random.Generator | int,
    regimes: Mapping[int, Regime] | None = None,
) -> list[Season]:
    """Return consecutive seasons from `first` on; strengths are carried over, regimes are given by season."""
    made: list[Season] = []
    for season, own in zip(range(first, first + count), np.random.default_rng(rng).spawn(count), strict=True):
        before = made[-1].strengths if made else None
        made.append(generate_season(season, own, (regimes or {}).get(season, ORDINARY), before))
    return made


def carried_over(strengths: Mapping[str, float] | None, rng: np.random.Generator) -> dict[str, float]:
    """Return true strengths of mean 1505 and sd 140, which keep three quarters of last season's distance from it."""
    fresh = rng.normal(0.0, STRENGTH_SD, len(CODES))
    if strengths is not None:
        old = np.array([strengths[code] for code in CODES]) - MEAN
        fresh = CARRY * old + np.sqrt(1.0 - CARRY**2) * fresh
    levelled = (fresh - fresh.mean()) / fresh.std() * STRENGTH_SD + MEAN
    return dict(zip(CODES, levelled.tolist(), strict=True))


def _conditions(day: np.ndarray, regime: Regime) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    count = len(day)
    start = int(np.searchsorted(day, day[min(round(regime.begins * count), count - 1)], side="left"))
    on = np.arange(count) >= start
    neutral = on & (np.arange(count) < start + regime.neutral_games)
    return np.where(on, regime.home_edge, HOME_EDGE), neutral, np.where(on, regime.totals, 0.0)


def _news(count: int, regime: Regime, rng: np.random.Generator) -> np.ndarray:
    hit, side = rng.random(count) < regime.late_news, rng.choice([-1.0, 1.0], count)
    return np.where(hit, side * regime.late_news_elo, 0.0)


def _clocks(drawn: Fixtures, rng: np.random.Generator) -> list[str]:
    zones = dict.fromkeys(PACIFIC, "pacific") | dict.fromkeys(MOUNTAIN, "mountain") | dict.fromkeys(CENTRAL, "central")
    early, later = rng.random(len(drawn.day)), rng.random(len(drawn.day))
    clocks = []
    for day, home, chance, which in zip(drawn.day, drawn.home, early, later, strict=True):
        if date.fromordinal(int(day)).weekday() >= 5 and chance < 0.25:
            clocks.append(AFTERNOONS[int(which * len(AFTERNOONS))])
        else:
            evening = EVENINGS.get(zones.get(CODES[home], ""), ("7:00 pm", "7:30 pm"))
            clocks.append(evening[int(which * len(evening))])
    return clocks


def _frame(season: int, drawn: Fixtures, told: dict[str, object]) -> pd.DataFrame:
    import pandas as pd

    numbers = range(1, len(drawn.day) + 1)
    games = pd.DataFrame(
        {
            "game_id": [f"002{(season - 1) % 100:02}{number:05}" for number in numbers],
            "season": season,
            "date": [date.fromordinal(int(day)).isoformat() for day in drawn.day],
            "home": [CODES[team] for team in drawn.home],
            "away": [CODES[team] for team in drawn.away],
            **told,
        }
    )
    return games.astype({"home_pts": float, "away_pts": float, "overtimes": float})


def _truth(published: pd.DataFrame, games: pd.DataFrame, p_home: np.ndarray) -> pd.DataFrame:
    """Return the last word on every game that was played, with the true scores and chances."""
    last = published.drop_duplicates("game_id", keep="last").sort_values(["date", "game_id"]).set_index("game_id")
    last = last[last["status"] == "final"]
    right = games.set_index("game_id").assign(p_home=p_home).loc[last.index]
    truth = right.assign(date=last["date"])
    return truth.assign(home_win=(truth["home_pts"] > truth["away_pts"]).astype(int))
