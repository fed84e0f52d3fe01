"""Bad files: each is answered with its line, its column and what was expected, and nothing of it is used."""

from __future__ import annotations

import gzip
from pathlib import Path

import pandas as pd
import pytest

from blocks.errors import Refused
from blocks.sources.faults import BadFile
from blocks.sources.files import read_games

HEADER = b"game_id,season,date,home,away,home_pts,away_pts"
GOOD = b"1,2026,2026-01-05,BOS,NYK,110,100\n"


def lines(*rows: bytes) -> bytes:
    return b"\n".join([HEADER, *rows]) + b"\n"


def fault_of(path: Path) -> BadFile:
    with pytest.raises(BadFile) as caught:
        read_games(path)
    assert isinstance(caught.value, Refused)
    return caught.value


CASES: dict[str, tuple[bytes, int | None, str | None, str]] = {
    "a missing column": (
        lines(GOOD.strip()).replace(b"away_pts", b"points"),
        1,
        "away_pts",
        "no column away_pts among",
    ),
    "two missing columns": (b"game_id,season,date,home\n1,2,3,4\n", 1, "away", "no column away, home_pts, away_pts"),
    "a word for points": (lines(GOOD.strip(), b"2,2026,2026-01-06,BOS,NYK,abc,100"), 3, "home_pts", "'abc'"),
    "infinite points": (lines(b"2,2026,2026-01-06,BOS,NYK,1,inf"), 2, "away_pts", "'inf'"),
    "day and month exchanged": (lines(b"2,2026,06/01/2026,BOS,NYK,1,2"), 2, "date", "expected a date as YYYY-MM-DD"),
    "a day that is none": (lines(b"2,2026,2026-02-30,BOS,NYK,1,2"), 2, "date", "'2026-02-30'"),
    "a date without zeros": (lines(b"2,2026,2026-2-3,BOS,NYK,1,2"), 2, "date", "'2026-2-3'"),
    "no date": (lines(b"2,2026,,BOS,NYK,1,2"), 2, "date", "found nothing"),
    "a season in words": (lines(b"2,2025-26,2026-01-06,BOS,NYK,1,2"), 2, "season", "'2025-26'"),
    "no season": (lines(b"2,,2026-01-06,BOS,NYK,1,2"), 2, "season", "the year in which the season ends"),
    "no team": (lines(b"2,2026,2026-01-06,,NYK,1,2"), 2, "home", "expected a team"),
    "no id": (lines(b",2026,2026-01-06,BOS,NYK,1,2"), 2, "game_id", "expected an id"),
    "a column twice": (b"game_id,season,date,home,away,home_pts,home_pts\n", 1, "home_pts", "twice in the header"),
    "semicolons": (lines(GOOD.strip()).replace(b",", b";"), 1, None, "columns separated by ';'"),
    "an empty file": (b"", None, None, "found an empty file"),
    "blank lines only": (b"\n\n", None, None, "found an empty file"),
    "a storage pointer": (b"version https://git-lfs.github.com/spec/v1\noid sha256:1\n", 1, None, "a storage pointer"),
    "too many columns": (lines(GOOD.strip(), b"2,2026,2026-01-06,BOS,NYK,1,2,3"), 3, None, "found 8 columns"),
    "too few columns": (lines(b"2,2026,2026-01-06,BOS", GOOD.strip()), 2, None, "expected 7 columns as in the header"),
    "a last line cut short": (lines(GOOD.strip()) + b"2,2026,2026-01", 3, None, "still being written"),
    "another encoding": (lines(GOOD.strip(), b"2,2026,2026-01-06,BOS,NYK\xe9,1,2"), 3, None, "expected text in UTF-8"),
    "UTF-16": (lines(GOOD.strip()).decode().encode("utf-16"), 1, None, "found UTF-16"),
    "a zero byte": (lines(GOOD.strip(), b"2,2026,2026-01-06,BOS,N\x00K,1,2"), 3, None, "a zero byte"),
}


@pytest.mark.parametrize("name", list(CASES))
def test_a_bad_csv_is_answered_with_line_column_and_expectation(tmp_path: Path, name: str) -> None:
    content, line, column, said = CASES[name]
    for file, stored in (("games.csv", content), ("games.csv.gz", gzip.compress(content))):
        path = tmp_path / file
        path.write_bytes(stored)
        if file.endswith(".gz") and name == "a storage pointer":
            continue
        fault = fault_of(path)
        assert (fault.line, fault.column, fault.path) == (line, column, path)
        assert said in str(fault)


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("status", "Final", "expected scheduled or final or void"),
        ("neutral", "2", "expected 0 or 1"),
        ("tip_et", "25:00 pm", "expected a time such as 7:30 pm"),
        ("known_at", "yesterday", "expected a moment in UTC"),
        ("tip", "soon", "expected a moment in UTC"),
    ],
)
def test_an_optional_column_is_checked_where_it_is_there(tmp_path: Path, column: str, value: str, said: str) -> None:
    path = tmp_path / "games.csv"
    path.write_text(f"{HEADER.decode()},{column}\n{GOOD.decode().strip()},\n{GOOD.decode().strip()},{value}\n")
    fault = fault_of(path)
    assert (fault.line, fault.column) == (3, column)
    assert said in str(fault)


def test_the_line_is_the_one_an_editor_shows_after_blank_lines_and_quoted_breaks(tmp_path: Path) -> None:
    path = tmp_path / "games.csv"
    path.write_bytes(
        HEADER + b',note\n\n1,2026,2026-01-05,BOS,NYK,1,2,"two\nlines"\n\n2,2026,2026-01-05,BOS,NYK,x,2,\n'
    )
    assert fault_of(path).line == 6


def test_the_answer_counts_the_rows_with_the_same_fault(tmp_path: Path) -> None:
    path = tmp_path / "games.csv"
    path.write_bytes(lines(*[b"1,2026,2026-01-05,BOS,NYK,x,2"] * 4))
    assert "found 'x' (and in 3 more rows)" in str(fault_of(path))


def test_a_gzip_file_cut_short_is_said_to_be_still_being_written(tmp_path: Path) -> None:
    path = tmp_path / "games.csv.gz"
    path.write_bytes(gzip.compress(lines(*[GOOD.strip()] * 500))[:-20])
    assert "still being written" in str(fault_of(path))
    path.write_bytes(lines(GOOD.strip()))
    assert "expected a gzip file" in str(fault_of(path))


def test_a_parquet_file_cut_short_is_said_to_be_still_being_written(tmp_path: Path) -> None:
    path = tmp_path / "games.parquet"
    frame(1).to_parquet(path)
    path.write_bytes(path.read_bytes()[:-6])
    assert "still being written" in str(fault_of(path))
    path.write_bytes(b"PARQUET? no")
    assert "expected a Parquet file" in str(fault_of(path))


def frame(rows: int) -> pd.DataFrame:
    row = {"game_id": "0022500001", "season": 2026, "date": "2026-01-05", "home": "BOS", "away": "NYK"}
    return pd.DataFrame([{**row, "home_pts": 100.0, "away_pts": None}] * rows)


def test_a_parquet_column_of_the_wrong_type_is_named_with_its_row(tmp_path: Path) -> None:
    path = tmp_path / "games.parquet"
    frame(2).assign(game_id=[22500001, 22500002]).to_parquet(path)
    fault = fault_of(path)
    assert (fault.line, fault.column) == (1, "game_id")
    frame(2).assign(home_pts=["100", "many"]).to_parquet(path)
    assert (fault_of(path).line, fault_of(path).column) == (2, "home_pts")


def test_parquet_dates_may_be_dates(tmp_path: Path) -> None:
    path = tmp_path / "games.parquet"
    for dates in (pd.to_datetime(["2026-01-05"]), pd.to_datetime(["2026-01-05"]).date):
        frame(1).assign(date=dates).to_parquet(path)
        assert read_games(path)["date"].tolist() == ["2026-01-05"]


def test_a_name_with_another_ending_is_refused(tmp_path: Path) -> None:
    (tmp_path / "games.xlsx").write_bytes(b"PK")
    assert "a name that ends in .csv" in str(fault_of(tmp_path / "games.xlsx"))


def test_a_header_without_rows_is_a_file_without_games(tmp_path: Path) -> None:
    path = tmp_path / "games.csv"
    path.write_bytes(HEADER + b"\n")
    assert read_games(path).empty


def test_a_byte_order_mark_and_foreign_line_ends_are_no_fault(tmp_path: Path) -> None:
    path = tmp_path / "games.csv"
    path.write_bytes(b"\xef\xbb\xbf" + lines(GOOD.strip()).replace(b"\n", b"\r\n"))
    assert read_games(path)["home_pts"].tolist() == [110]
