"""Regimes: each switch does what it says, and leaves the rest of the season as it was."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tasks.nba.regimes import REGIMES, Regime, regime_named
from tasks.nba.seasons import Season, generate_season, generate_seasons
from tasks.rollout.refusal import BadInput

PLAYED = ["season", "home", "away", "home_pts", "away_pts"]
SEEDS = range(5)


def made(seed: int, **switches: float) -> Season:
    return generate_season(2026, seed, Regime(**switches))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def ordinary() -> dict[int, Season]:
    return {seed: generate_season(2026, seed) for seed in SEEDS}


def test_a_weak_home_edge_takes_seven_percent_of_the_home_wins(ordinary: dict[int, Season]) -> None:
    lost = [
        ordinary[seed].truth["home_win"].mean() - made(seed, home_edge=34).truth["home_win"].mean() for seed in SEEDS
    ]
    assert np.mean(lost) == pytest.approx(0.066, abs=0.02)
    p = [made(seed, home_edge=34).truth["p_home"].mean() for seed in SEEDS]
    assert np.mean(p) == pytest.approx(0.493, abs=0.01)


def test_a_change_that_begins_later_leaves_the_games_before_it(ordinary: dict[int, Season]) -> None:
    before, after = ordinary[0].truth, made(0, home_edge=34, totals=8, begins=0.5).truth
    same = (before[PLAYED] == after[PLAYED]).all(axis=1)
    assert same.iloc[:600].all()
    assert not same.iloc[620:].any()


def test_a_neutral_block_is_exactly_88_games_in_a_row_without_a_home_edge(ordinary: dict[int, Season]) -> None:
    truth = generate_season(2026, 0, REGIMES["neutral_block"]).truth
    block = np.flatnonzero(truth["neutral"])
    assert block.tolist() == list(range(block[0], block[0] + 88))
    assert block[0] / 1230 == pytest.approx(0.6, abs=0.01)
    others = truth["neutral"] == 0
    pd.testing.assert_frame_equal(truth[others][PLAYED], ordinary[0].truth[others][PLAYED])
    p = pd.concat([generate_season(2026, seed, REGIMES["neutral_block"]).truth.query("neutral == 1") for seed in SEEDS])
    assert p["p_home"].mean() == pytest.approx(0.5, abs=0.02)


def test_a_short_season_has_50_games_a_team_25_of_them_at_home() -> None:
    truth = generate_season(2026, 0, REGIMES["short_season"]).truth
    assert len(truth) == 750
    assert set(truth["home"].value_counts()) == {25}
    assert truth["date"].nunique() == 100


@pytest.mark.parametrize("shift", [8.0, -8.0])
def test_totals_move_by_eight_points_and_no_winner_with_them(ordinary: dict[int, Season], shift: float) -> None:
    before, after = ordinary[0].truth, made(0, totals=shift).truth
    moved = (after["home_pts"] + after["away_pts"]) - (before["home_pts"] + before["away_pts"])
    assert moved.mean() == pytest.approx(shift, abs=0.2)
    assert after["home_win"].equals(before["home_win"])
    assert after["p_home"].equals(before["p_home"])


def test_late_news_weakens_one_team_in_a_tenth_of_the_games(ordinary: dict[int, Season]) -> None:
    truth = made(0, late_news=0.1).truth
    hit = truth["late_news"] != 0
    assert hit.mean() == pytest.approx(0.1, abs=0.03)
    assert set(truth.loc[hit, "late_news"]) == {-150.0, 150.0}
    before = ordinary[0].truth
    pd.testing.assert_frame_equal(truth.loc[~hit, PLAYED], before.loc[~hit, PLAYED])
    assert np.abs(truth.loc[hit, "p_home"] - before.loc[hit, "p_home"]).min() > 0.01


def test_a_postponed_game_is_told_on_the_day_and_played_when_both_are_free(ordinary: dict[int, Season]) -> None:
    season = made(0, postponed=0.03)
    moved = season.games[season.games["known_at"] != ""].query("status == 'final'")
    assert 25 <= len(moved) <= 37
    for game, known_at, date in moved[["game_id", "known_at", "date"]].to_numpy().tolist():
        told = season.games[season.games["game_id"] == game]
        assert told["status"].tolist() == ["scheduled", "final"]
        assert told["home_pts"].isna().tolist() == [True, False]
        assert known_at == f"{told['date'].iloc[0]}T16:00:00Z" < f"{date}T00"
        assert season.truth.loc[game, "date"] == date
    sides = pd.concat([season.truth[["date", side]].set_axis(["date", "team"], axis=1) for side in ("home", "away")])
    assert not sides.duplicated().any()
    assert season.truth["date"].is_monotonic_increasing
    later = season.truth.sort_index()[PLAYED]
    pd.testing.assert_frame_equal(later, ordinary[0].truth.loc[later.index, PLAYED])


def test_a_game_that_is_never_played_is_void_and_not_in_the_truth(ordinary: dict[int, Season]) -> None:
    season = made(0, never_played=0.01)
    void = season.games[season.games["status"] == "void"]
    assert len(void) == 12
    assert void["home_pts"].isna().all()
    assert not set(void["game_id"]) & set(season.truth.index)
    assert len(season.truth) == 1230 - 12
    assert ordinary[0].truth.loc[season.truth.index, PLAYED].equals(season.truth[PLAYED])


def test_a_corrected_score_is_first_told_wrong_and_put_right_two_days_later(ordinary: dict[int, Season]) -> None:
    season = made(0, corrected=0.02)
    right = season.games[season.games["known_at"] != ""]
    assert 12 <= len(right) <= 40
    for game, known_at, date, points in right[["game_id", "known_at", "date", "home_pts"]].to_numpy().tolist():
        first = season.games[season.games["game_id"] == game].iloc[0]
        assert 1 <= abs(first["home_pts"] - points) <= 4
        assert first["home_pts"] != first["away_pts"]
        assert (pd.Timestamp(known_at[:10]) - pd.Timestamp(date)).days == 2
    pd.testing.assert_frame_equal(season.truth, ordinary[0].truth)


def test_a_game_told_twice_is_the_same_row_again(ordinary: dict[int, Season]) -> None:
    season = made(0, duplicated=0.02)
    twice = season.games[season.games.duplicated(keep="first")]
    assert 12 <= len(twice) <= 40
    assert len(season.games) == 1230 + len(twice)
    pd.testing.assert_frame_equal(season.truth, ordinary[0].truth)


def test_a_regime_of_one_season_leaves_the_others_and_all_strengths() -> None:
    plain, other = (generate_seasons(2024, 3, 1, regimes) for regimes in (None, {2025: REGIMES["weak_home"]}))
    for n in (0, 2):
        pd.testing.assert_frame_equal(plain[n].games, other[n].games)
    assert plain[1].strengths == other[1].strengths
    assert not plain[1].games.equals(other[1].games)


@pytest.mark.parametrize("name", list(REGIMES))
def test_every_named_regime_makes_a_season(name: str) -> None:
    season = generate_season(2026, 1, regime_named(name))
    assert len(season.truth) > 700
    assert season.truth["p_home"].between(0, 1).all()


def test_what_cannot_be_a_regime_is_refused_by_name() -> None:
    with pytest.raises(BadInput, match=r"postponed: is a share of the season from 0 to 1, not 2\.0"):
        Regime(postponed=2.0)
    with pytest.raises(BadInput, match="neutral_games: is a number of games, not -1"):
        Regime(neutral_games=-1)
    with pytest.raises(BadInput, match="postponed: and never_played"):
        Regime(postponed=0.7, never_played=0.5)
    with pytest.raises(BadInput, match="regime: there is none named 'odd'; there are ordinary"):
        regime_named("odd")
