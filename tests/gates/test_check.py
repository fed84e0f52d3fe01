"""`gamenight check`, as it is installed."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from blocks.errors import Refused
from blocks.suites.table_file import read_table
from blocks.suites.tables import POINTER
from deployments.command.main import main

Check = Callable[..., tuple[int, dict[str, Any], str]]


@pytest.fixture
def check(capsys: pytest.CaptureFixture[str]) -> Check:
    """Return a call of the command that gives the exit status, the JSON object and what stood on stderr."""

    def call(*words: object) -> tuple[int, dict[str, Any], str]:
        with pytest.raises(SystemExit) as left:
            main(["check", *map(str, words), "--json"])
        out, err = capsys.readouterr()
        return int(str(left.value.code)), json.loads(out), err

    return call


@pytest.mark.slow
def test_as_a_process_it_prints_one_json_object_and_leaves_with_its_status(
    tmp_path: Path, season: pd.DataFrame
) -> None:
    season.drop(columns="home_pts").to_csv(tmp_path / "season.csv", index=False)
    command = [sys.executable, "-m", "deployments.command", "check", "games", str(tmp_path / "season.csv"), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert json.loads(done.stdout)["failed"][0]["expectation"] == "expect_column_to_exist"
    assert "checking 1230 rows" in done.stderr


def test_a_good_file_passes(check: Check, tmp_path: Path, generated: pd.DataFrame) -> None:
    generated.to_csv(tmp_path / "season.csv.gz", index=False)
    status, answer, _ = check("games", tmp_path / "season.csv.gz")
    assert (status, answer["verdict"], answer["failed"], answer["quarantined"]) == (0, "PASS", [], [])


def test_a_row_that_is_set_aside_is_exit_status_0(check: Check, tmp_path: Path, season: pd.DataFrame) -> None:
    season.loc[5, ["home_pts", "away_pts"]] = 0.0
    season.to_parquet(tmp_path / "season.parquet")
    status, answer, _ = check("games", tmp_path / "season.parquet")
    assert (status, answer["verdict"]) == (0, "PASS")
    [one] = answer["quarantined"]
    assert (one["row"], one["key"]) == (5, season["game_id"][5])
    assert "0-0" in one["why"]


def test_a_bad_file_is_exit_status_1_and_names_expectation_and_column(
    check: Check, tmp_path: Path, season: pd.DataFrame
) -> None:
    season.drop(columns="away").to_csv(tmp_path / "season.csv", index=False)
    status, answer, told = check("results", tmp_path / "season.csv")
    assert (status, answer["verdict"]) == (1, "FAIL")
    assert set(answer["failed"][0]) >= {"expectation", "column", "rows", "why"}
    assert answer["failed"][0]["column"] == "away"
    assert "Traceback" not in told


def test_a_file_that_contradicts_the_schedule_fails(check: Check, tmp_path: Path, season: pd.DataFrame) -> None:
    night = season.head(12)
    night.to_csv(tmp_path / "schedule.csv", index=False)
    night.rename(columns={"home": "away", "away": "home"}).to_csv(tmp_path / "slate.csv", index=False)
    assert check("slates", tmp_path / "slate.csv", "--schedule", tmp_path / "schedule.csv")[0] == 1


@pytest.mark.parametrize("words", [["games", "nowhere.csv"], ["players", __file__], ["games", __file__]])
def test_what_cannot_be_checked_is_exit_status_2(check: Check, words: list[str]) -> None:
    assert check(*words)[0] == 2


def test_a_pointer_is_a_table_that_no_suite_passes(check: Check, tmp_path: Path) -> None:
    for name in ("season.csv", "season.csv.gz", "season.parquet"):
        (tmp_path / name).write_text(f"{POINTER}/spec/v1\noid sha256:4d7a\nsize 1048576\n")
        assert list(read_table(tmp_path / name).columns) == [POINTER]
    assert check("games", tmp_path / "season.csv")[0] == 1


def test_a_file_that_is_cut_off_or_no_text_is_refused(tmp_path: Path) -> None:
    whole = gzip.compress(b"date,home\n" + b"2019-01-05,BOS\n" * 1000)
    (tmp_path / "cut.csv.gz").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "noise.csv").write_bytes(bytes(range(128, 256)))
    (tmp_path / "empty.csv").write_bytes(b"")
    (tmp_path / "text.parquet").write_text("date,home")
    for name in ("cut.csv.gz", "noise.csv", "empty.csv", "text.parquet"):
        with pytest.raises(Refused, match=name):
            read_table(tmp_path / name)


def test_ids_keep_their_zeros_and_the_uid_serves_where_there_is_none(tmp_path: Path) -> None:
    (tmp_path / "games.csv").write_text(
        "game_uid,game_id,date\n20190105-A-B,0021800001,2019-01-05\n20190106-A-B,,2019-01-06\n"
    )
    assert read_table(tmp_path / "games.csv")["game_id"].tolist() == ["0021800001", "20190106-A-B"]
