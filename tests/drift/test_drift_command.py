"""`gamenight drift`: its JSON, its exit status, its files and what it refuses by name."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from deployments.command.main import main
from tasks.drift.report import STATISTICS

RNG = np.random.default_rng(1)
BEFORE = pd.DataFrame({"elo": RNG.normal(1500, 100, 900), "neutral": 0, "team": RNG.choice(["BOS", "LAL"], 900)})
CALM = pd.DataFrame({"elo": RNG.normal(1500, 100, 90), "neutral": 0, "team": RNG.choice(["BOS", "LAL"], 90)})
MOVED = CALM.assign(neutral=1)


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as left:
        main(["drift", *words])
    said = capsys.readouterr()
    return int(str(left.value.code)), said.out, said.err


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    BEFORE.to_csv(tmp_path / "before.csv", index=False)
    return ["--reference", str(tmp_path / "before.csv"), "--current"]


def saved(frame: pd.DataFrame, path: Path) -> str:
    frame.to_csv(path, index=False)
    return str(path)


def test_the_json_has_exactly_the_published_shape(
    files: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, _ = run(capsys, *files, saved(MOVED, tmp_path / "now.csv"), "--json")
    found: dict[str, Any] = json.loads(out)
    assert (status, list(found)) == (0, ["rows", "columns", "drifted"])
    assert found["rows"] == {"reference": 900, "current": 90}
    assert found["drifted"] == ["neutral"]
    assert list(found["columns"]) == ["elo", "neutral", "team"]
    for column in found["columns"].values():
        assert set(column) == {"kind", *STATISTICS, "missing", "drift", "why"}
    assert [column["kind"] for column in found["columns"].values()] == ["numeric", "discrete", "categorical"]


@pytest.mark.parametrize(("frame", "words", "expected"), [(MOVED, ["--fail-on-drift"], 1), (MOVED, [], 0)])
def test_drift_is_the_answer_no_only_where_that_was_asked(
    files: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    frame: pd.DataFrame,
    words: list[str],
    expected: int,
) -> None:
    assert run(capsys, *files, saved(frame, tmp_path / "now.csv"), *words)[0] == expected


def test_two_calm_tables_pass(files: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, *files, saved(CALM, tmp_path / "now.csv"), "--fail-on-drift")
    assert status == 0
    assert "0 of 3 columns drifted" in out


def test_only_the_columns_asked_for_are_compared(
    files: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--columns", "elo, team", "--json", "--fail-on-drift"]
    status, out, _ = run(capsys, *files, saved(MOVED, tmp_path / "now.csv"), *words)
    assert (status, list(json.loads(out)["columns"])) == (0, ["elo", "team"])


@pytest.mark.parametrize("name", ["now.csv.gz", "now.parquet", "now.parquet.gz", "now"])
def test_every_kind_of_file_gives_the_same_report(
    files: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    path = tmp_path / name
    if "parquet" in name:
        MOVED.to_parquet(tmp_path / "plain", index=False)
        content = (tmp_path / "plain").read_bytes()
        path.write_bytes(gzip.compress(content) if name.endswith("gz") else content)
    else:
        MOVED.to_csv(path, index=False, compression="gzip")
    found = json.loads(run(capsys, *files, str(path), "--json")[1])
    expected = json.loads(run(capsys, *files, saved(MOVED, tmp_path / "plain.csv"), "--json")[1])
    assert found["drifted"] == expected["drifted"] == ["neutral"]
    assert found["columns"]["elo"]["ks"] == pytest.approx(expected["columns"]["elo"]["ks"])


def test_a_missing_column_is_refused_with_the_file_and_the_column(
    files: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, err = run(capsys, *files, saved(CALM, tmp_path / "now.csv"), "--columns", "elo,pace")
    assert (status, out) == (2, "")
    assert "pace" in err
    assert "before.csv has no such column; it has elo, neutral, team" in err


@pytest.mark.parametrize("content", [b"", b"a,b\n", b"a,b\n1,2\n1,2,3,4\n", b"\x1f\x8bnot gzip", b"PAR1 but no table"])
def test_a_file_that_is_no_table_is_refused_by_name(
    files: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes
) -> None:
    path = tmp_path / "broken.csv"
    path.write_bytes(content)
    status, _, err = run(capsys, *files, str(path), "--json")
    assert status == 2
    assert "broken.csv" in err


def test_a_missing_file_is_refused_by_name(files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    status, _, err = run(capsys, *files, "nowhere.csv")
    assert status == 2
    assert "nowhere.csv" in err


def test_the_page_needs_nothing_else_and_shows_every_column(
    files: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frame = MOVED.assign(**{"<b>": "x"}, extra=np.nan, elo=np.where(MOVED["neutral"], np.inf, 0.0))
    page = tmp_path / "drift.html"
    assert run(capsys, *files, saved(frame, tmp_path / "now.csv"), "--html", str(page))[0] == 0
    text = page.read_text(encoding="utf-8")
    assert text.count("<svg") == 3
    assert all(word not in text for word in ("http", "<script", "<b>"))
    assert text.index("neutral") < text.index("elo <small>")
