"""The file source: what it knows at which moment, and that it is quick about it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import process_time

import pandas as pd
import pytest

from blocks.errors import NotFound, Refused
from blocks.sources.drop import write_season
from blocks.sources.faults import BadFile
from blocks.sources.files import FileSource, read_games

HEADER = "game_id,season,date,home,away,home_pts,away_pts"
NIGHT = f"""{HEADER},tip_et,neutral,arena,crowd
0022500001,2026,2026-01-05,BOS,NYK,110,100,7:30 pm,0,North,19000
0022500002,2026,2026-01-05,LAL,DEN,99,104,10:30 pm,0,South,18000
0022500003,2026,2026-01-06,MIA,BOS,,,,1,Away,
"""


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


LATER = at("2026-02-01T12:00")


@pytest.fixture
def night(tmp_path: Path) -> FileSource:
    (tmp_path / "night.csv").write_text(NIGHT)
    return FileSource(tmp_path / "night.csv")


def test_the_columns_are_those_of_the_contract_and_unknown_ones_are_kept(night: FileSource) -> None:
    slate = night.slate("2026-01-05", LATER)
    contract = ["game_id", "season", "date", "home", "away", "home_pts", "away_pts", "tip_et", "neutral", "season_type"]
    assert list(slate.columns) == [*contract, "status", "tip", "arena", "crowd"]
    assert slate["game_id"].tolist() == ["0022500001", "0022500002"]
    types = slate[["season", "home_pts", "neutral"]].dtypes
    assert types.astype(str).tolist() == ["int64", "float64", "int64"]
    assert slate["crowd"].tolist() == [19000, 18000]


@pytest.mark.parametrize(
    ("now", "statuses", "points"),
    [
        ("2026-01-05T20:00", ["scheduled", "scheduled"], [None, None]),
        ("2026-01-06T03:29", ["scheduled", "scheduled"], [None, None]),
        ("2026-01-06T03:30", ["final", "scheduled"], [110, None]),
        ("2026-01-06T06:30", ["final", "final"], [110, 99]),
    ],
)
def test_a_score_is_known_three_hours_after_tip_off(
    night: FileSource, now: str, statuses: list[str], points: list[float | None]
) -> None:
    slate = night.slate("2026-01-05", at(now))
    assert slate["status"].tolist() == statuses
    assert [None if pd.isna(score) else score for score in slate["home_pts"]] == points
    assert slate["tip"].tolist() == [pd.Timestamp("2026-01-06T00:30Z"), pd.Timestamp("2026-01-06T03:30Z")]


def test_before_the_end_nothing_that_came_with_the_result_can_be_seen(night: FileSource) -> None:
    before, after = (night.slate("2026-01-05", now) for now in (at("2026-01-06T04:00"), LATER))
    assert before["arena"].isna().tolist() == [False, True]
    assert after["arena"].tolist() == ["North", "South"]
    tomorrow = night.slate("2026-01-06", at("2026-01-05T12:00"))
    assert tomorrow["arena"].tolist() == ["Away"], "a game without a result tells nothing of it"


def test_history_holds_the_games_that_had_ended_and_nothing_else(night: FileSource) -> None:
    assert night.history(at("2026-01-06T03:29"))["game_id"].tolist() == []
    assert night.history(at("2026-01-06T03:30"))["game_id"].tolist() == ["0022500001"]
    assert night.history(LATER)["game_id"].tolist() == ["0022500001", "0022500002"]
    assert set(night.history(LATER)["status"]) == {"final"}


def test_history_goes_back_as_many_seasons_as_asked(tmp_path: Path) -> None:
    rows = [f"{season},{season},{season}-01-05,BOS,NYK,2,1" for season in range(2020, 2027)]
    (tmp_path / "games.csv").write_text("\n".join([HEADER, *rows]) + "\n")
    source = FileSource(tmp_path)
    assert source.history(at("2026-06-01T00:00"), 2)["season"].tolist() == [2025, 2026]
    assert source.history(at("2024-06-01T00:00"), 2)["season"].tolist() == [2023, 2024]
    assert len(source.history(LATER, None)) == 7


def test_a_clock_is_read_as_eastern_time_in_winter_in_summer_and_on_the_nights_of_change(tmp_path: Path) -> None:
    rows = {"2026-01-05": "00:00", "2025-11-01": "23:00", "2025-11-02": "00:00", "2026-03-07": "00:00"}
    rows |= {"2026-03-08": "23:00", "2026-06-05": "23:00"}
    lines = [f"{n},2026,{date},BOS,NYK,," for n, date in enumerate(rows)]
    (tmp_path / "games.csv").write_text("\n".join([HEADER, *lines]) + "\n")
    source = FileSource(tmp_path)
    for date, hour in rows.items():
        assert f"{source.slate(date, LATER)['tip'].iloc[0]:%H:%M}" == hour, date


def test_a_tip_off_that_the_clock_skips_or_repeats_has_one_moment(tmp_path: Path) -> None:
    lines = ["1,2026,2026-03-08,BOS,NYK,,,2:30 am", "2,2026,2025-11-02,BOS,NYK,,,1:30 am"]
    (tmp_path / "games.csv").write_text("\n".join([HEADER + ",tip_et", *lines]) + "\n")
    source = FileSource(tmp_path)
    assert source.slate("2026-03-08", LATER)["tip"].tolist() == [pd.Timestamp("2026-03-08T07:00Z")]
    assert source.slate("2025-11-02", LATER)["tip"].tolist() == [pd.Timestamp("2025-11-02T05:30Z")]


WORDS = f"""{HEADER},status,known_at
a,2026,2026-01-05,BOS,NYK,,,scheduled,
a,2026,2026-01-09,BOS,NYK,90,80,final,2026-01-05T15:00:00Z
b,2026,2026-01-05,LAL,DEN,99,104,final,
b,2026,2026-01-05,LAL,DEN,99,105,final,2026-01-07T10:00:00Z
c,2026,2026-01-05,MIA,ORL,,,scheduled,
c,2026,2026-01-05,MIA,ORL,,,void,2026-01-05T16:00:00Z
"""


@pytest.fixture
def changing(tmp_path: Path) -> FileSource:
    (tmp_path / "games.csv").write_text(WORDS)
    return FileSource(tmp_path)


def test_a_postponed_game_leaves_its_slate_when_that_is_known(changing: FileSource) -> None:
    morning, evening = at("2026-01-05T14:00"), at("2026-01-05T20:00")
    assert changing.slate("2026-01-05", morning)["game_id"].tolist() == ["a", "b", "c"]
    assert changing.slate("2026-01-09", morning).empty
    assert changing.slate("2026-01-05", evening)["game_id"].tolist() == ["b", "c"]
    assert changing.slate("2026-01-09", evening)["status"].tolist() == ["scheduled"]
    assert changing.slate("2026-01-09", LATER)["home_pts"].tolist() == [90]


def test_the_results_of_a_night_say_where_a_game_went(changing: FileSource) -> None:
    results = changing.results("2026-01-05", at("2026-01-06T12:00")).set_index("game_id")
    assert results["status"].to_dict() == {"a": "moved", "b": "final", "c": "void"}
    assert results["moved_to"].to_dict() == {"a": "2026-01-09", "b": "", "c": ""}
    assert results["home_pts"].isna().to_dict() == {"a": True, "b": False, "c": True}
    assert changing.results("2026-01-05", at("2026-01-05T12:00"))["status"].tolist() == ["scheduled"] * 3


def test_a_corrected_score_stands_from_the_moment_it_was_known(changing: FileSource) -> None:
    for now, points in (("2026-01-07T09:59", 104), ("2026-01-07T10:00", 105)):
        assert changing.history(at(now)).set_index("game_id").loc["b", "away_pts"] == points
        assert changing.results("2026-01-05", at(now)).set_index("game_id").loc["b", "away_pts"] == points


def test_a_void_game_is_shown_as_such_and_never_in_the_history(changing: FileSource) -> None:
    slate = changing.slate("2026-01-05", at("2026-01-05T20:00")).set_index("game_id")
    assert slate.loc["c", "status"] == "void"
    assert changing.history(LATER)["game_id"].tolist() == ["b", "a"], "in the order of play"


def test_a_later_file_has_the_last_word_and_a_repeated_row_says_nothing_new(tmp_path: Path) -> None:
    (tmp_path / "2026-01-04-schedule.csv").write_text(
        f"{HEADER}\n1,2026,2026-01-05,BOS,NYK,,\n2,2026,2026-01-05,A,B,,\n"
    )
    (tmp_path / "2026-01-06-results.csv").write_text(
        f"{HEADER}\n1,2026,2026-01-05,BOS,NYK,7,8\n1,2026,2026-01-05,BOS,NYK,7,8\n"
    )
    source = FileSource(tmp_path)
    results = source.results("2026-01-05", LATER)
    assert results[["game_id", "status"]].to_numpy().tolist() == [["1", "final"], ["2", "scheduled"]]
    assert len(source.history(LATER)) == 1


def test_a_partial_score_of_a_game_that_is_still_scheduled_is_not_a_result(tmp_path: Path) -> None:
    (tmp_path / "games.csv").write_text(
        f"{HEADER},status\n1,2026,2026-01-05,BOS,NYK,7,8,scheduled\n2,2026,2026-01-05,LAL,DEN,7,,final\n"
    )
    source = FileSource(tmp_path)
    assert source.history(LATER).empty
    assert source.results("2026-01-05", LATER)["status"].tolist() == ["scheduled", "scheduled"]


def test_a_slate_outside_of_what_the_files_hold_is_no_news_rather_than_no_games(night: FileSource) -> None:
    assert night.slate("2026-03-01", LATER).empty
    assert [night.covers(date) for date in ("2026-01-04", "2026-01-05", "2026-01-06", "2026-01-07")] == [
        False,
        True,
        True,
        False,
    ]


def test_a_file_that_changes_is_read_again(night: FileSource) -> None:
    assert len(night.slate("2026-01-06", LATER)) == 1
    night.path.write_text(NIGHT + "0022500004,2026,2026-01-06,ATL,CHA,,,,0,,\n")
    assert len(night.slate("2026-01-06", LATER)) == 2


def test_an_answer_can_be_changed_without_changing_the_next(night: FileSource) -> None:
    for answer in (night.slate("2026-01-05", LATER), night.history(LATER)):
        answer.loc[:, "home_pts"] = 0
    assert night.slate("2026-01-05", LATER)["home_pts"].tolist() == [110, 99]
    assert night.history(LATER)["home_pts"].tolist() == [110, 99]


def test_names_that_are_being_written_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "games.csv").write_text(NIGHT)
    for name in (".games.csv.x1", ".hidden.csv", "games.csv.part", "notes.txt"):
        (tmp_path / name).write_text("nothing to read")
    assert len(FileSource(tmp_path).slate("2026-01-05", LATER)) == 2


def test_a_bad_file_stops_the_drop_unless_it_may_be_set_aside(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(NIGHT)
    (tmp_path / "b.csv").write_text(HEADER + "\n1,2026,5/1/2026,BOS,NYK,,\n")
    with pytest.raises(BadFile, match=r"b\.csv, line 2, column date"):
        FileSource(tmp_path).slate("2026-01-05", LATER)
    source = FileSource(tmp_path, set_aside=True)
    assert len(source.slate("2026-01-05", LATER)) == 2
    assert [Path(fault.path).name for fault in source.bad_files()] == ["b.csv"]
    (tmp_path / "a.csv").unlink()
    with pytest.raises(BadFile):
        source.slate("2026-01-05", LATER)


def test_what_is_asked_wrongly_is_refused_with_the_remedy(night: FileSource, tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"'05\.01\.2026' is no date\. Write it as YYYY-MM-DD"):
        night.slate("05.01.2026", LATER)
    with pytest.raises(Refused, match="has no timezone"):
        night.history(datetime(2026, 1, 5))
    with pytest.raises(NotFound, match="there is no file or folder"):
        FileSource(tmp_path / "nowhere").history(LATER)
    (tmp_path / "empty").mkdir()
    with pytest.raises(NotFound, match="holds no games"):
        FileSource(tmp_path / "empty").history(LATER)
    with pytest.raises(NotFound, match="there is no file"):
        read_games(tmp_path / "nothing.csv")


def test_a_frame_written_into_the_drop_is_read_back_the_same(tmp_path: Path) -> None:
    (tmp_path / "night.csv").write_text(NIGHT)
    first = read_games(tmp_path / "night.csv")
    for name in ("season.csv", "season.csv.gz", "season.parquet"):
        path = write_season(tmp_path / "drop", first, name)
        pd.testing.assert_frame_equal(read_games(path)[first.columns], first, check_dtype=False)
        path.unlink()
    assert list((tmp_path / "drop").iterdir()) == []


def test_a_write_that_fails_leaves_the_drop_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "season.parquet").write_bytes(b"before")
    with pytest.raises(Exception, match=r".+"):
        write_season(tmp_path, pd.DataFrame({"a": [1, "x", object()]}), "season.parquet")
    assert [(file.name, file.read_bytes()) for file in tmp_path.iterdir()] == [("season.parquet", b"before")]


@pytest.mark.parametrize("name", ["../season.csv", ".season.csv", "season.xlsx"])
def test_a_name_that_the_drop_would_not_read_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(Refused, match="cannot be a file of the drop"):
        write_season(tmp_path, pd.DataFrame(), name)


def test_the_real_games_are_read_as_they_are(nba_data: Path) -> None:
    games = read_games(nba_data / "games.csv.gz")
    raw = pd.read_csv(nba_data / "games.csv.gz", dtype=str, keep_default_na=False)
    assert len(games) == 60_642
    assert games["game_id"].is_unique
    assert games["game_id"].tolist() == raw["game_id"].mask(raw["game_id"] == "", raw["game_uid"]).tolist()
    assert games["game_id"].iloc[0] == "0025000003"
    assert games[["date", "home", "away"]].equals(raw[["date", "home", "away"]])
    assert games["home_pts"].astype(int).astype(str).tolist() == raw["home_pts"].tolist()
    assert games["home_win"].equals((games["home_pts"] > games["away_pts"]).astype("int64").rename("home_win"))


def test_a_night_over_sixty_thousand_real_games_costs_under_thirty_milliseconds(nba_data: Path) -> None:
    source = FileSource(nba_data / "games.csv.gz")
    source.history(LATER)
    spent = []
    for day in range(8, 20):
        morning = at(f"2019-01-{day:02}T16:00")
        began = process_time()
        source.results(f"{morning - timedelta(days=1):%Y-%m-%d}", morning)
        source.slate(f"{morning:%Y-%m-%d}", morning)
        source.history(morning)
        spent.append(process_time() - began)
    assert sorted(spent)[len(spent) // 4] < 0.03


def test_a_real_season_replayed_never_shows_a_result_before_its_time(nba_data: Path) -> None:
    source = FileSource(nba_data / "games.csv.gz")
    truth = read_games(nba_data / "games.csv.gz")
    for date in truth.loc[truth["season"] == 2018, "date"].unique()[::15]:
        noon = at(f"{date}T17:00")
        slate = source.slate(date, noon)
        unplayed = slate[slate["tip"] > noon]
        assert unplayed["home_pts"].isna().all()
        assert unplayed["home_win"].isna().all()
        assert (source.history(noon)["tip"] <= noon - timedelta(hours=3)).all()
        assert sorted(slate["game_id"]) == sorted(truth.loc[truth["date"] == date, "game_id"])
