"""The promise on real seasons: every ordered pair of forecasters, judged by the rule of the season before."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tasks.judgement.judge import Judgement, judge
from tasks.judgement.ledger import Ledger
from tasks.judgement.rule import Rule
from tasks.rollout.verdict import Verdict

HORIZON = 616


def columns_of(frame: pd.DataFrame) -> list[str]:
    return [name for name in frame.columns if name.startswith("p_")]


def judged(frame: pd.DataFrame, old: str, new: str, q_bar: float) -> Judgement:
    names, codes = np.unique(frame["date"].to_numpy(dtype=str), return_inverse=True)
    ledger = Ledger(
        nights=tuple(names.tolist()),
        night=codes,
        unit=frame["game_uid"].to_numpy(dtype=object),
        p_old=frame[old].to_numpy(dtype=float),
        p_new=frame[new].to_numpy(dtype=float),
        y=frame["home_win"].to_numpy(dtype=float),
        answered=np.ones(len(frame), dtype=bool),
        closed=tuple(names.tolist()),
    )
    return judge(ledger, Rule(q_bar=q_bar, alpha=0.05, beta=0.05, n_max=HORIZON, holds=False))


@pytest.fixture(scope="module")
def judgements(nba_data: Path) -> pd.DataFrame:
    frame = pd.read_csv(nba_data / "forecasts.csv.gz").sort_values("date", kind="stable")
    found = []
    for old, new in permutations(columns_of(frame), 2):
        pair = frame[frame[old].notna() & frame[new].notna()]
        q_bar = ((pair[new] - pair[old]) ** 2).groupby(pair["season"]).mean()
        for season in q_bar.index.astype(int):
            if season - 1 in q_bar.index:
                games = pair[pair["season"] == season]
                y = games["home_win"]
                mean = float(((games[new] - y) ** 2 - (games[old] - y) ** 2).mean())
                judgement = judged(games, old, new, float(q_bar[season - 1]))
                look = judgement.look
                units, so_far = (look.n, look.S / look.n) if look else (0, 0.0)
                found.append((old, new, season, mean, judgement.verdict.value, units, so_far))
    return pd.DataFrame(found, columns=["old", "new", "season", "mean", "verdict", "units", "so_far"])


def test_no_pair_is_rolled_back_whose_season_is_no_worse(judgements: pd.DataFrame) -> None:
    assert len(judgements) > 300
    wrong = judgements[(judgements["verdict"] == Verdict.FAIL.value) & (judgements["mean"] <= 0)]
    assert wrong.empty, wrong.to_string()


def test_no_pair_is_promoted_whose_season_is_worse_by_the_margin(judgements: pd.DataFrame) -> None:
    wrong = judgements[(judgements["verdict"] == Verdict.PASS.value) & (judgements["mean"] >= 0.01)]
    assert wrong.empty, wrong.to_string()


def test_both_verdicts_are_reached_often_enough_to_mean_something(judgements: pd.DataFrame) -> None:
    counts = judgements["verdict"].value_counts()
    assert counts[Verdict.PASS.value] > 100
    assert counts[Verdict.FAIL.value] > 10
