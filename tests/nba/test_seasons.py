"""Generated seasons: every number that they promise, over many seeds."""

from __future__ import annotations

from itertools import pairwise
from time import process_time

import numpy as np
import pandas as pd
import pytest

from tasks.nba.elo import elo_forecasts
from tasks.nba.features import training_frame
from tasks.nba.schedule import fixtures
from tasks.nba.scores import MARGIN_SD, POINTS_PER_ELO
from tasks.nba.seasons import Season, generate_season, generate_seasons
from tasks.nba.teams import TEAMS
from tasks.nba.training import base_rate, seasons_before, train
from tasks.rollout.refusal import BadInput

SEEDS = range(12)


@pytest.fixture(scope="module")
def seasons() -> list[Season]:
    return [generate_season(2026, seed) for seed in SEEDS]


@pytest.fixture(scope="module")
def decades() -> list[list[Season]]:
    return [generate_seasons(2020, 7, seed) for seed in range(4)]


def every_truth(made: list[Season]) -> pd.DataFrame:
    return pd.concat([season.truth.reset_index() for season in made], ignore_index=True)


def test_a_season_has_1230_games_of_thirty_teams_82_each_and_41_at_home(seasons: list[Season]) -> None:
    for made in seasons:
        assert len(made.truth) == 1230
        assert made.truth["home"].value_counts().to_dict() == dict.fromkeys(TEAMS, 41)
        assert made.truth["away"].value_counts().to_dict() == dict.fromkeys(TEAMS, 41)


def test_no_team_plays_twice_on_a_date_or_against_itself(seasons: list[Season]) -> None:
    for made in seasons:
        sides = pd.concat([made.truth[["date", side]].set_axis(["date", "team"], axis=1) for side in ("home", "away")])
        assert not sides.duplicated().any()
        assert (made.truth["home"] != made.truth["away"]).all()


def test_every_pair_of_teams_meets(seasons: list[Season]) -> None:
    for made in seasons:
        pairs = pd.Series([frozenset(pair) for pair in made.truth[["home", "away"]].to_numpy().tolist()])
        assert len(pairs.unique()) == 435
        assert pairs.value_counts().max() <= 8


def test_nights_are_about_164_of_1_to_15_games_with_mean_7_5_and_sd_3_1(seasons: list[Season]) -> None:
    nights = [made.truth.groupby("date").size() for made in seasons]
    assert all(160 <= len(sizes) <= 168 for sizes in nights)
    assert all(sizes.between(1, 15).all() for sizes in nights)
    assert np.mean([sizes.mean() for sizes in nights]) == pytest.approx(7.5, abs=0.1)
    assert np.mean([sizes.std() for sizes in nights]) == pytest.approx(3.1, abs=0.2)


def test_rest_days_are_distributed_as_in_the_league(seasons: list[Season]) -> None:
    wanted = {"home_rest": [0.14, 0.64, 0.15, 0.05], "away_rest": [0.23, 0.59, 0.14, 0.03]}
    shares: dict[str, list[np.ndarray]] = {side: [] for side in wanted}
    for made in seasons:
        frame = training_frame(made.truth.reset_index())
        for side in wanted:
            opener = frame[side.replace("rest", "games")] == 0
            rest = frame.loc[~opener, side].clip(upper=3).astype(int)
            shares[side].append(np.bincount(rest, minlength=4) / len(frame))
    for side, share in wanted.items():
        assert np.abs(np.mean(shares[side], axis=0) - share).max() < 0.02, side


def test_home_teams_win_54_to_60_percent_of_every_ordinary_season(seasons: list[Season]) -> None:
    rates = [made.truth["home_win"].mean() for made in seasons]
    assert min(rates) >= 0.54
    assert max(rates) <= 0.60
    assert len(set(rates)) > 6


def test_margins_follow_the_elo_difference_with_noise_of_13_2_points(seasons: list[Season]) -> None:
    truth = pd.concat([made.truth.assign(edge=_edges(made)) for made in seasons])
    margin = truth["home_pts"] - truth["away_pts"]
    slope, offset = np.polyfit(truth["edge"] + 100, margin, 1)
    assert slope == pytest.approx(POINTS_PER_ELO, abs=0.0015)
    assert offset == pytest.approx(-1.53, abs=0.6)
    assert (margin - slope * (truth["edge"] + 100) - offset).std() == pytest.approx(MARGIN_SD, abs=0.3)


def _edges(made: Season) -> pd.Series:
    return made.truth["home"].map(made.strengths) - made.truth["away"].map(made.strengths)


def test_nobody_draws_and_six_percent_go_to_overtime(seasons: list[Season]) -> None:
    truth = every_truth(seasons)
    assert (truth["home_pts"] != truth["away_pts"]).all()
    assert (truth["overtimes"] > 0).mean() == pytest.approx(0.06, abs=0.008)
    assert truth[["home_pts", "away_pts"]].to_numpy().min() >= 50
    assert (truth["home_pts"] + truth["away_pts"]).mean() == pytest.approx(212, abs=2)


def test_strengths_have_mean_1505_and_sd_140(seasons: list[Season]) -> None:
    for made in seasons:
        assert set(made.strengths) == set(TEAMS)
        assert np.std(list(made.strengths.values())) == pytest.approx(140)
        assert np.mean(list(made.strengths.values())) == pytest.approx(1505)


def test_the_true_probability_is_right(seasons: list[Season]) -> None:
    truth = every_truth(seasons)
    bins = pd.cut(truth["p_home"], [0, 0.3, 0.45, 0.6, 0.75, 1])
    told = truth.groupby(bins, observed=True)[["p_home", "home_win"]].mean()
    assert np.abs(told["p_home"] - told["home_win"]).max() < 0.03


def test_knowing_everything_scores_about_21_and_the_base_rate_about_243(seasons: list[Season]) -> None:
    truth = every_truth(seasons)
    oracle = ((truth["p_home"] - truth["home_win"]) ** 2).mean()
    base = ((truth["home_win"].mean() - truth["home_win"]) ** 2).mean()
    assert oracle == pytest.approx(0.209, abs=0.004)
    assert base == pytest.approx(0.2455, abs=0.003)


def test_a_trained_model_scores_about_21_and_not_15(decades: list[list[Season]]) -> None:
    model, base, elo = [], [], []
    for made in decades:
        truth = every_truth(made)
        frame = training_frame(truth)
        last = frame[frame["season"] == 2026]
        won, past = last["home_win"], seasons_before(frame, 2026)
        model.append(((train(past).predict_proba(last)[:, 1] - won) ** 2).mean())
        base.append(((base_rate(past) - won) ** 2).mean())
        elo.append(((elo_forecasts(truth)["p_home"].tail(len(last)).to_numpy() - won) ** 2).mean())
    assert np.mean(model) == pytest.approx(0.215, abs=0.008)
    assert min(model) > 0.195
    assert np.mean(base) == pytest.approx(0.246, abs=0.004)
    assert np.mean(elo) == pytest.approx(np.mean(model), abs=0.006)


def test_strengths_are_carried_over_from_season_to_season(decades: list[list[Season]]) -> None:
    similar = []
    for made in decades:
        for before, after in pairwise(made):
            old, new = (np.array([season.strengths[code] for code in TEAMS]) for season in (before, after))
            similar.append(np.corrcoef(old, new)[0, 1])
        assert [season.season for season in made] == list(range(2020, 2027))
        assert every_truth(made)["game_id"].is_unique
        assert every_truth(made)["date"].is_monotonic_increasing
    assert np.mean(similar) == pytest.approx(0.75, abs=0.06)


def test_a_seed_gives_the_same_season_and_another_seed_another() -> None:
    first, again, other = (generate_season(2026, seed) for seed in (5, 5, 6))
    pd.testing.assert_frame_equal(first.games, again.games)
    pd.testing.assert_frame_equal(first.truth, again.truth)
    assert not first.games["home"].equals(other.games["home"])
    generator = generate_season(2026, np.random.default_rng(5))
    pd.testing.assert_frame_equal(first.games, generator.games)


def test_a_season_is_made_in_well_under_two_seconds() -> None:
    began = process_time()
    generate_season(2026, 99)
    assert process_time() - began < 1.0


def test_rows_are_those_of_a_file_drop_in_the_order_of_play(seasons: list[Season]) -> None:
    games = seasons[0].games
    wanted = {"game_id", "season", "date", "home", "away", "home_pts", "away_pts", "tip_et", "neutral", "status"}
    assert wanted <= set(games.columns)
    assert games["date"].is_monotonic_increasing
    assert games["game_id"].str.fullmatch(r"00225\d{5}").all()
    assert games["tip_et"].str.fullmatch(r"\d{1,2}:\d\d pm").all()
    west = games[games["home"] == "LAL"]["tip_et"]
    assert west.isin(["10:00 pm", "10:30 pm"]).mean() > 0.6


@pytest.mark.parametrize("games", [9, 83])
def test_a_season_of_a_length_that_none_has_is_refused(games: int) -> None:
    with pytest.raises(BadInput, match=f"games: a season has 10 to 82 games a team, not {games}"):
        fixtures(2026, games, np.random.default_rng(0))
