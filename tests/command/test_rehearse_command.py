"""`gamenight rehearse` over real seasons of two forecasters."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from deployments.command.main import main


def call(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as left:
        main(["rehearse", "nba-win", *words])
    said = capsys.readouterr()
    assert isinstance(left.value.code, int)
    return left.value.code, said.out, said.err


def real(nba_data: Path, home: Path, old: str = "p_elo_ref", new: str = "p_logit_ref") -> list[str]:
    file = str(nba_data / "forecasts.csv.gz")
    return ["--file", file, "--champion", old, "--challenger", new, "--unit", "game_uid", "--home", str(home)]


def test_a_real_season_is_rehearsed_beside_four_other_rules(
    nba_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, _ = call(capsys, *real(nba_data, tmp_path), "--season", "2017", "--json")
    answer: dict[str, Any] = json.loads(out)
    assert status == 0
    assert set(answer["others"]) == {"t-test", "threshold", "O'Brien-Fleming", "Mann-Whitney"}
    frame = pd.read_csv(nba_data / "forecasts.csv.gz")
    before = frame[frame["season"] == 2016]
    assert answer["q_bar"] == pytest.approx(float(((before["p_logit_ref"] - before["p_elo_ref"]) ** 2).mean()))
    assert answer["season_games"] == len(frame[frame["season"] == 2017])
    assert (answer["verdict"], answer["night"] is None) in (("PASS", False), ("FAIL", False), ("WAIT", True))
    assert answer["games_served_by_challenger"] <= answer["games"]


def test_many_seasons_end_in_a_table_and_a_picture(
    nba_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    drawn = tmp_path / "seasons.html"
    words = ["--season", "2015-2017", "--season", "2019", "--picture", str(drawn), "--picture", str(tmp_path / "a.png")]
    status, out, err = call(capsys, *real(nba_data, tmp_path, "p_close", "p_elo_ref"), *words)
    assert status == 0
    assert [line.split(" | ")[0] for line in out.splitlines()[3:7]] == ["| 2015", "| 2016", "| 2017", "| 2019"]
    assert "| this rule |" in out
    assert "not kept" in err
    assert "<svg" in drawn.read_text()
    assert (tmp_path / "a.png").stat().st_size > 10_000


def test_a_policy_is_tried(nba_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text("{model: nba-win, margin: 0.05, n_max: 60}")
    _, out, _ = call(capsys, *real(nba_data, tmp_path), "--season", "2017", "--policy", str(policy), "--json")
    assert json.loads(out)["margin"] == 0.05


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--season", "soon"], "is no season"),
        (["--season", "2019-2010"], "is no season"),
        (["--season", "1990"], "season 1989 has no game"),
        (["--season", "2017", "--night", "evening"], "evening"),
        (["--season", "2017", "--policy", "/nowhere.yaml"], "no file"),
        (["--season", "2017", "--picture", "a.bmp"], "neither"),
    ],
)
def test_what_cannot_be_rehearsed_is_named(
    nba_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    status, _, err = call(capsys, *real(nba_data, tmp_path), *words)
    assert status == 2
    assert said in err
