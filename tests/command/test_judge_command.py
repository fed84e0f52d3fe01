"""`gamenight judge`: its JSON, its exit status, its rules for a file, and what it refuses by row."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from deployments.command.judge import judge
from deployments.command.main import main
from tasks.forecasts_file import Columns, from_first_units, read_forecasts
from tasks.judgement.mixture import log_mix
from tasks.judgement.rule import Rule

NAMES = ["--champion", "a", "--challenger", "b", "--outcome", "won", "--night", "date"]


def season(noise: float = 0.04, games: int = 600, seed: int = 1, bias: float = 0.0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    truth = rng.uniform(0.25, 0.75, games)
    nights = pd.date_range("2023-10-24", periods=games // 6 + 1).strftime("%Y-%m-%d").to_numpy()
    return pd.DataFrame(
        {
            "date": nights[np.arange(games) // 6],
            "game": [f"g{k}" for k in range(games)],
            "a": np.clip(truth + rng.normal(0, 0.04, games), 0, 1).round(4),
            "b": np.clip(truth + bias + rng.normal(0, noise, games), 0, 1).round(4),
            "won": (rng.random(games) < truth).astype(int),
        }
    )


def run(
    capsys: pytest.CaptureFixture[str], frame: pd.DataFrame, folder: Path, *more: str
) -> tuple[int, dict[str, Any], str]:
    file = folder / "games.csv"
    frame.to_csv(file, index=False)
    return call(capsys, file, *more)


def call(capsys: pytest.CaptureFixture[str], file: Path, *more: str) -> tuple[int, dict[str, Any], str]:
    with pytest.raises(SystemExit) as left:
        main(["judge", str(file), *NAMES, *more, "--json"])
    said = capsys.readouterr()
    status = left.value.code
    assert isinstance(status, int)
    return status, json.loads(said.out), said.err


def test_the_answer_has_the_shape_of_the_page(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    status, answer, streamed = run(capsys, season(), tmp_path, "--unit", "game")
    assert (status, answer["verdict"]) == (0, "PASS")
    named = {"verdict", "night", "units", "mean_difference", "lower", "upper", "log_e_promote", "log_e_rollback"}
    assert set(answer) >= named | {"q_bar", "plan", "share", "looks"}
    assert set(answer["looks"][0]) >= {"night", "n", "S", "Q", "log_e_promote", "log_e_rollback", "share", "guard"}
    decided = answer["looks"][answer["night"] - 1]
    assert answer["units"] == decided["n"]
    assert answer["mean_difference"] == decided["S"] / decided["n"]
    assert answer["share"] == [look["share"] for look in answer["looks"]]
    assert streamed.count(" units ") >= len(answer["looks"])
    q_bar = answer["q_bar"]
    assert answer["plan"]["median_units"] == pytest.approx(6 * q_bar / 0.01**2, abs=1)
    assert answer["plan"]["p90_units"] == pytest.approx(15 * q_bar / 0.01**2, abs=1)


def test_q_bar_comes_from_the_nights_that_reach_a_hundred_units_and_they_are_no_looks(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    frame = season()
    _, answer, _ = run(capsys, frame, tmp_path)
    shadow = frame[:102]
    assert answer["q_bar"] == pytest.approx(float(((shadow["b"] - shadow["a"]) ** 2).mean()))
    first = answer["looks"][0]
    assert (first["night"], first["n"]) == (frame["date"][102], 6)


def test_with_q_bar_every_row_counts(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    frame = season()
    _, answer, _ = run(capsys, frame, tmp_path, "--q-bar", "0.003")
    assert (answer["looks"][0]["night"], answer["looks"][-1]["n"]) == (frame["date"][0], 600)
    d = (frame["b"] - frame["won"]) ** 2 - (frame["a"] - frame["won"]) ** 2
    last = answer["looks"][-1]
    assert last["S"] == pytest.approx(float(d.sum()))
    assert last["log_e_rollback"] == pytest.approx(float(log_mix(last["S"], last["Q"], 1.0, 0.5)))
    assert [look["night"] for look in answer["looks"]] == sorted(set(frame["date"]))


def test_a_worse_challenger_fails_with_status_one_and_no_share_after(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    status, answer, _ = run(capsys, season(bias=0.3), tmp_path, "--q-bar", "0.003")
    assert (status, answer["verdict"]) == (1, "FAIL")
    assert set(answer["share"][answer["night"] :]) == {0}
    assert answer["lower"] > 0


def test_waiting_and_inconclusive_are_no_failures(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    few = run(capsys, season(noise=0.2, games=60), tmp_path, "--q-bar", "0.04")
    assert (few[0], few[1]["verdict"], few[1]["night"]) == (0, "WAIT", None)
    done = run(capsys, season(noise=0.2, games=60), tmp_path, "--q-bar", "0.04", "--n-max", "50")
    assert (done[0], done[1]["verdict"]) == (0, "INCONCLUSIVE")


def test_fewer_than_a_hundred_units_leave_no_look(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    status, answer, _ = run(capsys, season(games=60), tmp_path)
    assert (status, answer["verdict"], answer["units"], answer["looks"]) == (0, "WAIT", 0, [])
    assert answer["mean_difference"] is None


def test_a_challenger_that_never_answers_is_not_promoted(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    frame = season().assign(b=None)
    status, answer, told = run(capsys, frame, tmp_path, "--q-bar", "0.003")
    assert (status, answer["verdict"], answer["reason"]) == (0, "INCONCLUSIVE", "coverage")
    assert answer["night"] is None
    assert "600 blank forecasts in b: scored as the fallback, champion" in told
    assert answer["looks"][-1]["S"] == 0.0


def test_the_fallback_may_be_a_number(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    frame = season()
    frame.loc[frame.index % 20 == 0, "b"] = np.nan
    _, half, _ = run(capsys, frame, tmp_path, "--q-bar", "0.003", "--fallback", "0.5")
    _, same, _ = run(capsys, frame.fillna({"b": 0.5}), tmp_path, "--q-bar", "0.003")
    assert half["looks"][-1]["S"] == same["looks"][-1]["S"]
    assert run(capsys, frame, tmp_path, "--fallback", "half")[0] == 2


def test_blank_outcomes_are_skipped_and_counted(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    frame = season().astype({"won": float})
    frame.loc[::10, "won"] = np.nan
    _, answer, told = run(capsys, frame, tmp_path, "--q-bar", "0.003")
    assert answer["looks"][-1]["n"] == 540
    assert "60 blank outcomes in won: skipped" in told


def test_a_constant_forecast_is_warned_of(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert "b is constant" in run(capsys, season().assign(b=0.5), tmp_path)[2]


def test_any_order_of_the_rows_gives_the_same_answer(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    frame = season()
    shuffled = frame.sample(frac=1.0, random_state=3)
    assert run(capsys, frame, tmp_path)[1] == run(capsys, shuffled, tmp_path)[1]


def test_a_repeated_unit_counts_once(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    frame = season()
    again = pd.concat([frame, frame[:30]])
    one, two = (run(capsys, f, tmp_path, "--unit", "game", "--q-bar", "0.003") for f in (frame, again))
    assert one[1]["looks"] == two[1]["looks"]
    assert "30 repeated rows" in two[2]


@pytest.mark.parametrize("kind", ["csv.gz", "parquet"])
def test_other_formats_give_the_same_looks(capsys: pytest.CaptureFixture[str], tmp_path: Path, kind: str) -> None:
    frame, file = season(), tmp_path / f"games.{kind}"
    plain = run(capsys, frame, tmp_path)[1]
    frame.to_parquet(file) if kind == "parquet" else frame.to_csv(file, index=False)
    assert call(capsys, file)[1] == plain


def test_nights_keep_the_value_of_their_column_and_numbers_sort_as_numbers(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    frame = season().assign(date=np.arange(600) // 6 + 1)
    _, answer, _ = run(capsys, frame, tmp_path, "--q-bar", "0.003")
    assert [look["night"] for look in answer["looks"]] == list(range(1, 101))
    _, answer, _ = run(capsys, frame.assign(date=frame["date"] / 2), tmp_path, "--q-bar", "0.003")
    assert [look["night"] for look in answer["looks"]] == [k / 2 for k in range(1, 101)]
    times = tmp_path / "times.parquet"
    season().assign(date=lambda table: pd.to_datetime(table["date"])).to_parquet(times)
    assert call(capsys, times)[1]["looks"][-1]["night"] == "2024-01-31"


def test_the_log_score_has_its_own_margin(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    frame = season()
    _, answer, _ = run(capsys, frame, tmp_path, "--score", "log", "--q-bar", "0.01")
    assert answer["plan"]["median_units"] == pytest.approx(6 * 0.01 / 0.025**2, abs=1)
    old, new = (np.clip(frame[name], 0.01, 0.99) for name in "ab")
    loss = [-np.log(np.where(frame["won"] == 1, p, 1 - p)) for p in (new, old)]
    assert answer["looks"][-1]["S"] == pytest.approx(float((loss[0] - loss[1]).sum()))


@pytest.mark.parametrize(
    ("column", "value", "told"),
    [
        ("b", "1.2", "row 8"),
        ("a", "-0.1", "row 8"),
        ("b", "high", "row 8"),
        ("b", "inf", "row 8"),
        ("won", "2", "row 8"),
        ("won", "yes", "row 8"),
        ("date", None, "row 8"),
        ("date", "3/11/2023", "YYYY-MM-DD"),
    ],
)
def test_a_bad_row_is_named_with_status_two(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, column: str, value: str | None, told: str
) -> None:
    frame = season().astype(object)
    frame.loc[7, column] = value
    status, answer, error = run(capsys, frame, tmp_path, "--unit", "game")
    assert (status, answer["error"]["field"]) == (2, column)
    assert told in error


def test_a_unit_with_two_outcomes_is_named_with_both_rows(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    frame = pd.concat([season(), season()[4:5].assign(won=lambda row: 1 - row["won"])])
    status, answer, _ = run(capsys, frame, tmp_path, "--unit", "game")
    assert status == 2
    assert "unit g4 has two outcomes, in row 5 and in row 601" in answer["error"]["message"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("--margin", "0"),
        ("--margin", "-0.01"),
        ("--alpha", "1.5"),
        ("--ladder", "50,25"),
        ("--ladder", "a,b"),
        ("--unit", "nowhere"),
        ("--n-max", "0"),
        ("--picture", "picture.bmp"),
    ],
)
def test_bad_arguments_have_status_two(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, arguments: tuple[str, str]
) -> None:
    status, answer, _ = run(capsys, season(), tmp_path, *arguments)
    assert status == 2
    assert answer["error"]["field"] in (arguments[0].strip("-").replace("-", "_"), arguments[1])


def test_an_empty_or_unreadable_file_has_status_two(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert run(capsys, season()[:0], tmp_path)[0] == 2
    pointer = tmp_path / "pointer.csv"
    pointer.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 132\n")
    assert "no such column" in call(capsys, pointer)[1]["error"]["message"]
    broken = tmp_path / "broken.parquet"
    broken.write_bytes(b"no parquet")
    assert call(capsys, broken)[0] == 2


def test_the_picture_is_a_png_and_an_html_file_that_needs_nothing_beside_it(tmp_path: Path) -> None:
    file, png, page = tmp_path / "games.csv", tmp_path / "a.png", tmp_path / "a.html"
    season().to_csv(file, index=False)
    result = CliRunner().invoke(judge, [str(file), *NAMES, "--picture", str(png), "--picture", str(page)])
    assert result.exit_code == 0, result.output
    assert png.read_bytes().startswith(b"\x89PNG")
    text = page.read_text()
    assert "<svg" in text
    assert "PASS" in text
    assert all(word not in text for word in ("<script", "<link", 'src="http', "@import"))


def test_a_person_reads_a_sentence(tmp_path: Path) -> None:
    file = tmp_path / "games.csv"
    season().to_csv(file, index=False)
    result = CliRunner().invoke(judge, [str(file), *NAMES])
    assert result.stdout.startswith("PASS at night ")
    assert "plan: an equal challenger needs" in result.stderr


@pytest.mark.slow
def test_the_installed_command_answers_like_the_function(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    _, answer, _ = run(capsys, season(), tmp_path)
    command = [str(Path(sys.executable).parent / "gamenight"), "judge", str(tmp_path / "games.csv"), *NAMES, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    assert json.loads(done.stdout) == answer


@pytest.mark.slow
def test_two_real_forecasters_are_judged(capsys: pytest.CaptureFixture[str], tmp_path: Path, nba_data: Path) -> None:
    frame = pd.read_csv(nba_data / "forecasts.csv.gz", dtype=str)
    frame = frame[frame["season"] == "2017"]
    renamed = frame.rename(columns={"p_elo538": "a", "p_carmelo538": "b", "home_win": "won"})
    status, answer, _ = run(capsys, renamed, tmp_path, "--unit", "game_uid")
    assert status == 0
    assert answer["verdict"] in ("PASS", "WAIT", "INCONCLUSIVE")
    assert answer["looks"][-1]["n"] > 1100


def test_q_bar_of_a_table_comes_from_the_nights_that_reach_a_hundred_units(tmp_path: Path) -> None:
    frame = season(games=300)
    frame.to_csv(tmp_path / "games.csv", index=False)
    columns = Columns("a", "b", "won", "date")
    rule, rest = from_first_units(read_forecasts(tmp_path / "games.csv", columns, "champion").ledger, Rule(q_bar=0.0))
    shadow = frame.iloc[:102]
    assert rule.q_bar == pytest.approx(float(((shadow["b"] - shadow["a"]) ** 2).mean()))
    assert rest.closed == tuple(sorted(set(frame["date"])))[17:]
