"""Bad input through the installed command: status 2, one message with the field and the remedy, nothing half-done."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from deployments.stack.home import Home, Record
from tests.stories.running import gamenight

pytestmark = pytest.mark.slow

ONE_GAME = "game_id,season,date,home,away,home_pts,away_pts\n1,2020,2019-11-01,ATL,BOS,100,90\n"
FORECASTS = "night,a,b,y\n2024-01-01,0.5,0.6,1\n2024-01-02,0.5,1.6,0\n"
JUDGE = ("judge", "forecasts.csv", "--champion", "a", "--challenger", "b", "--outcome", "y", "--night", "night")


@dataclass(frozen=True, slots=True)
class Bad:
    """A call that must be refused, the field that its message names, and words of the remedy."""

    words: tuple[str, ...]
    field: str
    remedy: str


CALLS = {
    "a seed below 0": Bad(("demo", "--seed", "-1"), "seed", "x>=0"),
    "a seed that is no number": Bad(("demo", "--seed", "many"), "seed", "integer"),
    "games that are not there": Bad(("demo", "--games", "none.csv"), "games", "does not exist"),
    "too few games": Bad(("demo", "--games", "one.csv"), "games", "at least 13"),
    "a file of another kind": Bad(("demo", "--games", "forecasts.txt"), "forecasts.txt", ".csv, .csv.gz, .parquet"),
    "games without their columns": Bad(("demo", "--games", "forecasts.csv"), "forecasts.csv", "season"),
    "a home that is a file": Bad(("demo", "--home", "one.csv"), "home", "is a file"),
    "an unknown verb": Bad(("dmeo",), "dmeo", "demo"),
    "an unknown gate": Bad(("check", "gmaes", "one.csv"), "kind", "'games'"),
    "a file that a gate cannot find": Bad(("check", "games", "none.csv"), "file", "does not exist"),
    "a margin of nothing": Bad((*JUDGE, "--margin", "0"), "margin", "above 0"),
    "a ladder of words": Bad((*JUDGE, "--ladder", "few,many"), "ladder", "such as 5,25,50"),
    "a column that is not there": Bad((*JUDGE[:3], "height", *JUDGE[4:]), "height", "a, b"),
    "a probability above 1": Bad(JUDGE, "b: row 2", "within [0, 1]"),
    "columns that no table has": Bad(
        ("drift", "--reference", "one.csv", "--current", "one.csv", "--columns", "height"), "height", "home"
    ),
    "a home in which nothing ran": Bad(("tick", "nba-win"), "no record", "gamenight up"),
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in {"one.csv": ONE_GAME, "forecasts.csv": FORECASTS, "forecasts.txt": FORECASTS}.items():
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("bad", CALLS.values(), ids=CALLS.keys())
def test_a_bad_call_is_refused_in_one_message_and_leaves_nothing(bad: Bad, folder: Path) -> None:
    before = sorted(folder.rglob("*"))
    refused = gamenight(*bad.words)
    message = [line for line in refused.stderr.splitlines() if line.strip()][-1]
    assert refused.returncode == 2, refused.stderr
    assert bad.field in message.lower() or bad.field in message, message
    assert bad.remedy in message, message
    assert "Traceback" not in refused.stderr
    assert refused.stdout == ""
    assert sorted(folder.rglob("*")) == before


@pytest.mark.parametrize("name", ["too few games", "a margin of nothing", "a column that is not there"])
def test_as_json_the_refusal_is_one_object_with_its_field(name: str, folder: Path) -> None:
    refused = gamenight(*CALLS[name].words, "--json")
    assert refused.returncode == 2
    error = json.loads(refused.stdout)["error"]
    assert CALLS[name].field in str(error["field"]).lower()
    assert CALLS[name].remedy in error["message"]


def test_a_home_that_another_stack_holds_is_refused_by_its_pid_and_not_touched(folder: Path) -> None:
    home = Home.at(folder / "home")
    home.prepare()
    (home.root / "demo.json").write_text("{}")
    (home.root / "mlflow.db").write_text("theirs")
    with home.held():
        home.write(Record(os.getpid(), time.time(), ready=True, urls={"mlflow": "m", "prefect": "p"}))
        before = sorted(home.root.rglob("*"))
        refused = gamenight("demo", "--home", home.root)
        assert sorted(home.root.rglob("*")) == before
    assert refused.returncode == 2
    assert f"held by process {os.getpid()}" in refused.stderr
    assert "gamenight down" in refused.stderr


def test_a_home_with_a_stack_of_ones_own_is_not_taken_for_a_demo(folder: Path) -> None:
    (folder / "home").mkdir()
    (folder / "home" / "mlflow.db").write_text("mine")
    refused = gamenight("demo", "--home", folder / "home")
    assert refused.returncode == 2
    assert "name another folder with --home" in refused.stderr
    assert (folder / "home" / "mlflow.db").read_text() == "mine"
    assert not (folder / "home" / "earlier").exists()
    assert not (folder / "home" / "stack.json").exists()


Policy = Callable[[str], object]


@pytest.mark.parametrize(
    ("text", "field"),
    [("margin: -1", "margin"), ("ladder: [50, 5]", "ladder"), ("margn: 0.01", "margn"), ("alpha: often", "alpha")],
)
def test_a_bad_policy_is_refused_by_file_and_field(text: str, field: str, tmp_path: Path) -> None:
    import yaml

    from tasks.rollout.policy import read_policy
    from tasks.rollout.refusal import BadInput

    with pytest.raises(BadInput) as caught:
        read_policy(yaml.safe_load(f"model: nba-win\n{text}"), "nba-win/policy.yaml")
    assert field in str(caught.value)
    assert "policy.yaml" in str(caught.value)
