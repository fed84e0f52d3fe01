"""A challenger whose forecasts fail does not stop the night: its rows are set aside and the champion answers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from blocks.platform import Platform
from tasks.gates import DataGate, GateFailed
from tasks.sifting import must_forecast, sift

TIP = datetime(2019, 1, 6, tzinfo=UTC)
GATE = DataGate("nba-win", "predictions", "nba-win/predictions")
GAMES = 8


@pytest.fixture
def rows() -> pd.DataFrame:
    """Return a slate that a challenger (2) and a champion (1) share, with a fallback (0) behind them."""
    roles = {"2": "challenger", "1": "champion", "0": "fallback"}
    return pd.DataFrame(
        [
            {"slate": "2019-01-05", "unit": f"g{game}", "version": version, "role": role}
            | {"served": version == ("2" if game < 3 else "1"), "p": 0.3 + game / 20}
            | {"made_at": TIP - timedelta(hours=1), "tip_at": TIP}
            for version, role in roles.items()
            for game in range(GAMES)
        ]
    )


def spoiled(rows: pd.DataFrame, version: str, p: float, units: tuple[str, ...] = ()) -> pd.DataFrame:
    mine = (rows["version"] == version) & (rows["unit"].isin(units) if units else True)
    return rows.assign(p=rows["p"].where(~mine, p))


def served(rows: pd.DataFrame) -> dict[str, str]:
    given = rows[rows["served"]]
    assert given["unit"].is_unique
    return dict(zip(given["unit"], given["version"], strict=True))


def test_sound_forecasts_pass_as_they_are(platform: Platform, rows: pd.DataFrame) -> None:
    found = sift(platform, GATE, rows)
    assert found.left_out == ()
    pd.testing.assert_frame_equal(found.rows, rows)


@pytest.mark.slow
def test_a_constant_challenger_is_set_aside_and_the_champion_answers_its_games(
    platform: Platform, rows: pd.DataFrame, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    found = sift(platform, GATE, spoiled(rows, "2", 0.6))
    assert set(found.rows["version"]) == {"1", "0"}
    assert served(found.rows) == {f"g{game}": "1" for game in range(GAMES)}
    assert found.left_out == ()
    with pytest.raises(GateFailed, match="one number for every game"):
        sift(platform, GATE, spoiled(rows, "1", 0.6))


@pytest.mark.parametrize("p", [np.nan, 1.7])
def test_a_game_that_the_challenger_cannot_answer_is_the_champions(
    platform: Platform, rows: pd.DataFrame, p: float
) -> None:
    found = sift(platform, GATE, spoiled(rows, "2", p, ("g1",)))
    assert served(found.rows)["g1"] == "1"
    assert len(found.rows) == len(rows) - 1


def test_a_game_that_the_champion_cannot_answer_is_the_fallbacks_and_without_one_it_is_left_out(
    platform: Platform, rows: pd.DataFrame
) -> None:
    broken = spoiled(rows, "1", np.nan, ("g5",))
    assert served(sift(platform, GATE, broken).rows)["g5"] == "0"
    alone = sift(platform, GATE, broken[broken["version"] == "1"].assign(served=True))
    assert [one["game_id"] for one in alone.left_out] == ["g5"]
    assert "a version gave no number" in alone.left_out[0]["why"]


def test_a_night_without_forecasts_has_nothing_to_check(platform: Platform, rows: pd.DataFrame) -> None:
    assert must_forecast.fn(platform, GATE, rows.head(0)).left_out == ()
