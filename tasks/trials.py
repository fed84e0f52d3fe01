"""Everything that the gates of a version look at, gathered once: the games, the answers, and what they are held to."""

from __future__ import annotations

import time
import tracemalloc
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

from blocks.platform import Platform
from blocks.registry import Registry
from tasks.clock import night_of
from tasks.gates import Passed
from tasks.nba.features import FEATURES, NUMERIC, features
from tasks.proving.answers import Predict
from tasks.proving.latency import Cost
from tasks.proving.leak import Backtest, features_that_knew
from tasks.proving.limits import LeakLimits, Limits, read_limits
from tasks.registry import trained_until
from tasks.rollout.candidate import Candidate
from tasks.rollout.fold import Rollout
from tasks.rollout.policy import Policy
from tasks.rollout.refusal import BadInput
from tasks.step import step

if TYPE_CHECKING:
    import pandas as pd

CLOSING_LINE = "p_close"
"""The column of the games that holds the closing line's probability of a home win, where a source has it."""
SLATE_ROWS = 20
CALLS_OF_ONE, CALLS_OF_MANY, MANY = 15, 3, 1000


@dataclass(frozen=True, slots=True)
class Trial:
    """A version and everything it is tried on.

    columns: of its signature. predict, champion: functions from rows to probabilities; no champion for a first version.
    games: the history. frame: its features as of each game, with home_win. later: the newest rows after the training of
    both. slate: rows as a slate gives them.
    """

    candidate: Candidate
    limits: Limits
    columns: dict[str, str]
    predict: Predict
    champion: Predict | None
    games: pd.DataFrame
    frame: pd.DataFrame
    later: pd.DataFrame
    slate: pd.DataFrame
    learned: tuple[str, str]

    @property
    def y(self) -> np.ndarray:
        """Return the outcomes of the later games, 1 for a home win."""
        return self.later["home_win"].to_numpy(dtype=float)

    @property
    def held_out(self) -> pd.DataFrame:
        """Return the later games as their data gate is asked: each beside the date that the version learned until."""
        return self.later.assign(trained_until=self.learned[1])

    @property
    def inputs(self) -> pd.DataFrame:
        """Return the later games as a model is given them."""
        return self.later[list(FEATURES)]

    @property
    def base_rate(self) -> float:
        """Return the share of home wins in the games before the later ones."""
        return float(self.frame["home_win"].iloc[: -len(self.later)].mean())


def later_games(frame: pd.DataFrame, after: str, fewest: int, newest: int) -> pd.DataFrame:
    """Return the newest games after a date; raise BadInput when they are too few."""
    found = frame[frame["date"].astype(str).str[:10] > after].tail(newest)
    if len(found) < fewest:
        text = f"only {len(found)} games are later than {after}; the comparison needs {fewest}"
        raise BadInput("holdout", f"{text}. Train on fewer games, or wait for results.")
    return found


def slate_rows(slate: pd.DataFrame, games: pd.DataFrame, frame: pd.DataFrame) -> pd.DataFrame:
    """Return tonight's features; on a day without games those of the newest ones, as if they were to be played."""
    if len(slate):
        return features(games, slate)[list(FEATURES)]
    return frame[list(FEATURES)].tail(SLATE_ROWS).assign(status="scheduled")


def audited(games: pd.DataFrame, frame: pd.DataFrame, nights: int) -> tuple[list[str], int]:
    """Return the features of past games that change when the future is removed, and how many nights were looked at.

    games: the history in the order of play. frame: the features that a model would be trained on, by game_id.
    """
    dates = frame["date"].astype(str).str[:10].unique()
    chosen = dates[np.unique(np.linspace(len(dates) // 2, len(dates) - 1, nights).astype(int))]
    days = games["date"].astype(str).str[:10]
    knew: dict[str, None] = {}
    for date in chosen:
        unplayed = games[days == date].drop(columns=["home_pts", "away_pts"])
        alone = features(games[days < date], unplayed)
        shared = alone.index[alone.index.isin(frame.index)]
        full, alone = frame.loc[shared], alone.loc[shared]
        values = {name: full[name].to_numpy(dtype=float) for name in NUMERIC}
        knew |= dict.fromkeys(features_that_knew(values, {name: alone[name].to_numpy(dtype=float) for name in NUMERIC}))
    return list(knew), len(chosen)


def backtest(trial: Trial, limits: LeakLimits) -> Backtest:
    """Return the version's forecasts of past games: those it did not learn from, where they are enough, else all."""
    import pandas as pd

    recent = trial.frame[trial.frame["season"] >= limits.since]
    dates = recent["date"].astype(str).str[:10]
    first, last = trial.learned
    unseen = (dates > last) | (dates < first) if first else dates > last
    rows = recent[unseen] if unseen.sum() >= limits.games else recent
    games = by_id(trial.games)
    close = games[CLOSING_LINE] if CLOSING_LINE in games else pd.Series(dtype=float)
    return Backtest(
        p=trial.predict(rows[list(FEATURES)]),
        y=rows["home_win"].to_numpy(dtype=float),
        played=rows[["home_games", "away_games"]].min(axis=1).to_numpy(dtype=float),
        close=pd.to_numeric(close.reindex(rows.index), errors="coerce").to_numpy(dtype=float),
        later=(rows["date"].astype(str).str[:10] > last).to_numpy(),
    )


def by_id(games: pd.DataFrame) -> pd.DataFrame:
    """Return the games by their id as text, the first of each."""
    named = games.assign(game_id=games["game_id"].astype(str))
    return named.drop_duplicates("game_id").set_index("game_id")


def cost_of(predict: Predict, rows: pd.DataFrame) -> Cost:
    """Return what answering one row and a thousand costs on this machine, right now."""
    many = rows.iloc[np.arange(MANY) % len(rows)]
    predict(many)
    one = [_milliseconds(predict, rows.iloc[[row % len(rows)]]) for row in range(CALLS_OF_ONE)]
    thousand = [_milliseconds(predict, many) for _ in range(CALLS_OF_MANY)]
    tracemalloc.start()
    try:
        predict(many)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    return Cost(float(np.median(one)), float(np.median(thousand)), peak / 2**20)


def _milliseconds(predict: Predict, rows: pd.DataFrame) -> float:
    began = time.perf_counter()
    predict(rows)
    return (time.perf_counter() - began) * 1000


def learned(registry: Registry, model: str, version: str) -> tuple[str, str]:
    """Return the first and the last date a version learned from; the first is empty where its record does not say."""
    row = registry.version(model, version)
    tags = row["tags"]
    first = tags.get("trained_from", "") if isinstance(tags, dict) else ""
    if not first and row["run_id"]:
        first = registry.run_params(str(row["run_id"])).get("trained_from", "")
    return str(first), trained_until(registry, model, version)


def must_be_played_live(policy: Policy) -> None:
    """Raise BadInput for a task whose forecasts no live rollout can gate, score and settle from end to end.

    >>> must_be_played_live(Policy(model="nba-win"))
    """
    if policy.task != "probability":
        what = (
            f"a release takes probabilities, and the policy says {policy.task}; its gates and results are of them alone"
        )
        raise BadInput("task", f"{what}. Forecast an outcome's probability, and say `task: probability`.")


@step("prepare the trial")
def prepare(
    platform: Platform,
    candidate: Candidate,
    rollout: Rollout | None,
    known: tuple[Passed, Passed],
    now: datetime,
) -> Trial:
    """Load the version and the champion, and lay out the games that the gates look at.

    known: the history and its features, as they passed their gates.
    """
    must_be_played_live(candidate.policy)
    registry, model, version = platform.registry, candidate.model, candidate.version
    games, frame = (one.frame for one in known)
    limits = read_limits(platform.limits(model), f"{model}/gates.yaml")
    champion = rollout.champion if rollout else None
    mine = learned(registry, model, version)
    after = max(mine[1], trained_until(registry, model, champion)) if champion else mine[1]
    return Trial(
        candidate=candidate,
        limits=limits,
        columns=registry.columns(model, version),
        predict=registry.load_model(model, version),
        champion=registry.load_model(model, champion) if champion else None,
        games=games,
        frame=frame,
        later=later_games(frame, after, limits.holdout.fewest, limits.holdout.newest),
        slate=slate_rows(_unplayed(platform, now), games, frame),
        learned=mine,
    )


def _unplayed(platform: Platform, now: datetime) -> pd.DataFrame:
    slate = platform.source.slate(night_of(now), now)
    return slate[slate["status"] == "scheduled"].reset_index(drop=True)
