"""A season with every trouble of a feed, replayed night by night from the file drop, against the future deleted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import process_time

import pandas as pd
import pytest

from blocks.sources.drop import write_season
from blocks.sources.files import FileSource
from tasks.nba.features import NUMERIC, Standings, features, training_frame
from tasks.nba.regimes import Regime
from tasks.nba.seasons import Season, generate_seasons
from tasks.nba.training import model_input, seasons_before, train

TROUBLED = Regime(postponed=0.03, never_played=0.01, corrected=0.03, duplicated=0.03, late_news=0.05)


@pytest.fixture(scope="module")
def league(tmp_path_factory: pytest.TempPathFactory) -> tuple[FileSource, list[Season]]:
    folder = tmp_path_factory.mktemp("drop")
    made = generate_seasons(2024, 3, 11, {2026: TROUBLED})
    for season in made:
        write_season(folder, season.games, f"{season.season}.csv.gz")
    return FileSource(folder), made


def noon(date: str) -> datetime:
    return datetime.fromisoformat(f"{date}T17:00").replace(tzinfo=UTC)


def cut_off(folder: Path, made: list[Season], now: datetime) -> FileSource:
    """Return a drop from which everything that was not known at `now` has been taken out of the files."""
    for season in made:
        games = season.games
        known = (games["known_at"] == "") | (games["known_at"] <= now.strftime("%Y-%m-%dT%H:%M:%SZ"))
        games = games[known].copy()
        ahead = (games["date"] >= f"{now:%Y-%m-%d}") & (games["status"] == "final")
        games.loc[ahead, ["home_pts", "away_pts", "overtimes", "late_news"]] = float("nan")
        games.loc[ahead, "status"] = "scheduled"
        write_season(folder, games, f"{season.season}.csv.gz")
    return FileSource(folder)


@pytest.mark.slow
def test_nightly_answers_equal_those_with_the_future_deleted(
    league: tuple[FileSource, list[Season]], tmp_path: Path
) -> None:
    source, made = league
    nights = made[-1].games["date"].unique()
    for number, date in enumerate(nights[5::23]):
        now = noon(date)
        alone = cut_off(tmp_path / str(number), made, now)
        slate, alike = source.slate(date, now), alone.slate(date, now)
        unknown = ["overtimes", "late_news"]
        pd.testing.assert_frame_equal(slate.drop(columns=unknown), alike.drop(columns=unknown))
        past, known = source.history(now), alone.history(now)
        pd.testing.assert_frame_equal(past, known)
        pd.testing.assert_frame_equal(features(past, slate), features(known, slate), check_exact=True)


def test_walking_on_equals_starting_from_the_first_game_where_nothing_was_corrected(
    league: tuple[FileSource, list[Season]],
) -> None:
    source, made = league
    standings = Standings()
    standings.play(source.history(noon("2024-10-01")))
    for date in sorted(made[1].games["date"].unique())[:40]:
        now = noon(date)
        slate = source.slate(date, now)
        pd.testing.assert_frame_equal(standings.look(slate), features(source.history(now), slate), check_exact=True)
        standings.play(source.results(date, now + timedelta(hours=20)))


def test_what_is_trained_on_in_summer_is_the_truth(league: tuple[FileSource, list[Season]]) -> None:
    source, made = league
    known = training_frame(source.history(noon("2026-08-01")))
    truth = training_frame(pd.concat([season.truth.reset_index() for season in made]))
    pd.testing.assert_frame_equal(known.sort_index(), truth.sort_index(), check_exact=True, check_dtype=False)


@pytest.mark.slow
@pytest.mark.long
def test_a_season_replays_in_seconds_with_models_that_see_only_the_past(
    league: tuple[FileSource, list[Season]],
) -> None:
    source, made = league
    first = made[-1].games["date"].min()
    model = train(seasons_before(training_frame(source.history(noon(first))), 2026))
    won: list[bool] = []
    p: list[float] = []
    began = process_time()
    for date in sorted(made[-1].games["date"].unique()):
        slate = source.slate(date, noon(date))
        slate = slate[slate["status"] == "scheduled"]
        if slate.empty:
            continue
        table = features(source.history(noon(date)), slate)
        assert list(table.columns) == [*NUMERIC, "status"]
        chances = pd.Series(model.predict_proba(model_input(table))[:, 1], index=table.index)
        results = source.results(date, noon(date) + timedelta(hours=20)).set_index("game_id")
        final = results[results["status"] == "final"]
        p.extend(chances[final.index])
        won.extend(final["home_pts"] > final["away_pts"])
    seconds = process_time() - began
    brier = ((pd.Series(p) - pd.Series(won)) ** 2).mean()
    assert 0.19 < brier < 0.24
    assert len(p) == len(made[-1].truth)
    assert seconds < 20
