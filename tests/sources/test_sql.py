"""The database source: two tables, the same answers as files, and errors that say what to do."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest
import sqlalchemy as sa

from blocks.errors import Refused, Unavailable
from blocks.sources.drop import write_season
from blocks.sources.faults import BadFile
from blocks.sources.files import FileSource
from blocks.sources.sql import SqlSource
from tasks.nba.regimes import Regime
from tasks.nba.seasons import generate_season

GAMES = pd.DataFrame(
    [
        ("0022500001", 2026, "2026-01-05", "BOS", "NYK", "7:30 pm", None),
        ("0022500002", 2026, "2026-01-05", "LAL", "DEN", "10:30 pm", None),
        ("0022500002", 2026, "2026-01-07", "LAL", "DEN", "10:30 pm", "2026-01-05 15:00:00"),
        ("0022400009", 2025, "2025-01-05", "MIA", "ORL", None, None),
    ],
    columns=["game_id", "season", "date", "home", "away", "tip_et", "known_at"],
)
RESULTS = pd.DataFrame(
    [
        ("0022500001", 110, 100, None),
        ("0022500001", 110, 101, "2026-01-08 12:00:00"),
        ("0022500002", 99, 104, None),
        ("0022400009", 90, 91, None),
    ],
    columns=["game_id", "home_pts", "away_pts", "known_at"],
)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


LATER = at("2026-02-01T12:00")


def filled(path: Path, games: pd.DataFrame = GAMES, results: pd.DataFrame | None = RESULTS) -> str:
    url = f"sqlite:///{path}/league.db"
    engine = sa.create_engine(url)
    games.to_sql("games", engine, index=False, if_exists="replace")
    if results is not None:
        results.to_sql("results", engine, index=False, if_exists="replace")
    engine.dispose()
    return url


def test_a_slate_and_its_results_come_from_two_tables(tmp_path: Path) -> None:
    source = SqlSource(filled(tmp_path))
    before = source.slate("2026-01-05", at("2026-01-05T14:00"))
    assert before["game_id"].tolist() == ["0022500001", "0022500002"]
    assert before["home_pts"].isna().all()
    results = source.results("2026-01-05", at("2026-01-06T12:00")).set_index("game_id")
    assert results["status"].to_dict() == {"0022500001": "final", "0022500002": "moved"}
    assert results.loc["0022500002", "moved_to"] == "2026-01-07"
    assert source.slate("2026-01-07", LATER)[["home_pts", "away_pts"]].to_numpy().tolist() == [[99, 104]]


def test_a_correction_in_the_table_stands_from_the_moment_it_was_known(tmp_path: Path) -> None:
    source = SqlSource(filled(tmp_path))
    assert source.history(at("2026-01-08T11:59")).set_index("game_id").loc["0022500001", "away_pts"] == 100
    assert source.history(LATER).set_index("game_id").loc["0022500001", "away_pts"] == 101


def test_history_goes_back_as_many_seasons_as_asked(tmp_path: Path) -> None:
    source = SqlSource(filled(tmp_path))
    assert source.history(LATER)["season"].tolist() == [2025, 2026, 2026]
    assert source.history(LATER, 1)["season"].tolist() == [2026, 2026]
    assert source.history(at("2025-06-01T00:00"), 1)["season"].tolist() == [2025]


def test_dates_may_be_dates_and_scores_may_be_in_the_games_table(tmp_path: Path) -> None:
    whole = GAMES.drop_duplicates("game_id").merge(RESULTS.drop_duplicates("game_id").drop(columns="known_at"))
    url = filled(tmp_path, whole.assign(date=pd.to_datetime(whole["date"]).dt.date), None)
    source = SqlSource(url, results=None)
    assert source.slate("2026-01-05", LATER)["home_pts"].tolist() == [110, 99]
    assert [source.covers(date) for date in ("2025-01-04", "2025-01-05", "2026-01-05", "2026-01-06")] == [
        False,
        True,
        True,
        False,
    ]


def test_a_season_in_a_database_answers_as_the_same_season_in_a_file(tmp_path: Path) -> None:
    season = generate_season(2026, 3, Regime(postponed=0.05, never_played=0.02, corrected=0.05))
    write_season(tmp_path / "drop", season.games, "2026.csv.gz")
    database = SqlSource(filled(tmp_path, season.games, None), results=None)
    files = FileSource(tmp_path / "drop")
    for now in (at("2025-11-05T20:00"), at("2025-12-15T12:00"), at("2026-06-01T00:00")):
        date = f"{now:%Y-%m-%d}" if now.month != 6 else "2026-02-01"
        for ours, theirs in (
            (database.slate(date, now), files.slate(date, now)),
            (database.results(date, now), files.results(date, now)),
            (database.history(now), files.history(now)),
        ):
            pd.testing.assert_frame_equal(_sorted(ours), _sorted(theirs), check_dtype=False)


def _sorted(games: pd.DataFrame) -> pd.DataFrame:
    return games.sort_values(["date", "game_id"]).reset_index(drop=True)


def test_what_the_tables_hold_is_checked_like_a_file(tmp_path: Path) -> None:
    source = SqlSource(filled(tmp_path, GAMES.assign(home=None)))
    with pytest.raises(BadFile, match=r"table games, line 1, column home: found nothing .*expected a team"):
        source.slate("2026-01-05", LATER)
    source = SqlSource(filled(tmp_path, GAMES, RESULTS.assign(known_at="soon")))
    with pytest.raises(BadFile, match=r"table results, line 1, column known_at: found 'soon'"):
        source.history(LATER)


def test_a_missing_table_or_column_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="has no table results"):
        SqlSource(filled(tmp_path, GAMES, None)).history(LATER)
    with pytest.raises(Refused, match="table results: has no column away_pts"):
        SqlSource(filled(tmp_path, GAMES, RESULTS.drop(columns="away_pts"))).history(LATER)


def test_a_database_that_cannot_be_reached_or_named_is_told_apart(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="did not answer for games"):
        SqlSource(f"sqlite:///{tmp_path}/no/such/folder.db").history(LATER)
    with pytest.raises(Refused, match="cannot be opened"):
        SqlSource("games.csv")
