"""Gates and seasons to hold against them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from blocks.__main__ import platform_of, words
from blocks.gates import Gates
from blocks.platform import Platform
from blocks.suites.table_file import read_table
from tasks.nba.features import NUMERIC, training_frame
from tasks.nba.seasons import generate_season, generate_seasons
from tasks.nba.training import train
from tasks.proving.answers import Predict
from tasks.proving.limits import Limits
from tasks.rollout.candidate import Candidate
from tasks.rollout.policy import Policy
from tasks.trials import Trial, later_games, slate_rows

ROOT = Path(__file__).resolve().parents[2]
LATER = 400
Answer = dict[str, Any]
Run = Callable[..., Answer]


@pytest.fixture(scope="session")
def gates() -> Gates:
    """Return the gates that are shipped."""
    return Gates(folder=str(ROOT / "deployments" / "models"))


@pytest.fixture
def platform(tmp_path: Path) -> Platform:
    """Return a platform in a folder of its own, with the suites that are shipped; nothing is started for it."""
    said = {
        "--tracking-uri": f"sqlite:///{tmp_path / 'mlflow.db'}",
        "--store-url": f"sqlite:///{tmp_path / 'store.db'}",
        "--games": str(tmp_path / "games"),
    }
    return platform_of(words([word for pair in said.items() for word in pair]), "")


@pytest.fixture(scope="session")
def run(gates: Gates) -> Run:
    """Return a call that runs a suite of nba-win."""

    def call(kind: str, frame: pd.DataFrame, **context: object) -> Answer:
        return gates.run(f"nba-win/{kind}", frame, context)

    return call


@pytest.fixture
def suite(tmp_path: Path) -> Callable[..., Run]:
    """Return a call that writes a suite and gives the call that runs it."""

    def write(*expectations: dict[str, object], **header: object) -> Run:
        (tmp_path / "own.yaml").write_text(yaml.safe_dump({**header, "expectations": list(expectations)}))
        own = Gates(folder=str(tmp_path))
        return lambda frame, **context: own.run("own", frame, context)

    return write


@pytest.fixture(scope="session")
def generated() -> pd.DataFrame:
    """Return one generated season; copy it before you change it."""
    games = generate_season(2019, 7).games
    return games[games["status"] == "final"].reset_index(drop=True)


@pytest.fixture
def season(generated: pd.DataFrame) -> pd.DataFrame:
    """Return a season that a test may spoil."""
    return generated.copy()


@pytest.fixture(scope="session")
def real_games(nba_data: Path) -> pd.DataFrame:
    """Return every real game."""
    return read_table(nba_data / "games.csv.gz")


@pytest.fixture(scope="session")
def real_box(nba_data: Path) -> pd.DataFrame:
    """Return every real box score."""
    return read_table(nba_data / "team_box.csv.gz")


@pytest.fixture(scope="session")
def real_odds(nba_data: Path) -> pd.DataFrame:
    """Return every real closing price, as found."""
    return read_table(nba_data / "odds.csv.gz")


@pytest.fixture(scope="session")
def games() -> pd.DataFrame:
    """Return four seasons with their results."""
    games = pd.concat([season.games for season in generate_seasons(2016, 4, 3)], ignore_index=True)
    return games[games["status"] == "final"].reset_index(drop=True)


@pytest.fixture(scope="session")
def frame(games: pd.DataFrame) -> pd.DataFrame:
    return training_frame(games)


@pytest.fixture(scope="session")
def honest(frame: pd.DataFrame) -> Predict:
    """Return a logistic regression trained on two seasons before the newest games."""
    dates = frame["date"].astype(str)
    learned = frame[(dates < dates.iloc[-LATER]) & (frame["season"] > 2017)]
    pipeline = train(learned, "logistic")
    return lambda rows: np.asarray(pipeline.predict_proba(rows)[:, 1])


@pytest.fixture(scope="session")
def trial(games: pd.DataFrame, frame: pd.DataFrame, honest: Predict) -> Trial:
    """Return the trial of the honest model as a first version."""
    until = str(frame["date"].iloc[-LATER - 1])[:10]
    first = str(frame.loc[frame["season"] > 2017, "date"].iloc[0])[:10]
    return Trial(
        candidate=Candidate("nba-win", "7", Policy(model="nba-win")),
        limits=Limits(),
        columns=dict.fromkeys(NUMERIC, "double"),
        predict=honest,
        champion=None,
        games=games,
        frame=frame,
        later=later_games(frame, until, 100, LATER),
        slate=slate_rows(games.head(0), games, frame),
        learned=(first, until),
    )


def failed(answer: Answer) -> set[str]:
    """Return the names of the expectations that failed."""
    return {one["expectation"] for one in answer["failed"]}


def set_aside(answer: Answer) -> list[int]:
    """Return the rows that were set aside."""
    return [one["row"] for one in answer["quarantined"]]
