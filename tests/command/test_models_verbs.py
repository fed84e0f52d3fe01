"""models list, search, show, compare, lineage, verify and retire: the catalogue of a home, without a server."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlparse

import pandas as pd
import pytest
from command.calling import call
from worlds import MODEL, World

from deployments.command import exits
from tasks.alerting.alert import Alert
from tasks.alerting.kinds import AlertType
from tasks.nba.features import FEATURES
from tasks.nba.training import train
from tasks.registry import Asked, register_version, trained

pytestmark = pytest.mark.slow


def test_the_list_says_where_every_version_stands(canary_world: World) -> None:
    answer = call(canary_world.home, "models", "list", MODEL, "--json").answer
    assert [(row["version"], row["stage"], row["aliases"]) for row in answer["versions"]] == [
        ("1", "production", ["champion"]),
        ("2", "staging", ["challenger"]),
    ]
    assert answer["statistics"] == {"stage": {"production": 1, "staging": 1}, "framework": {"sklearn": 2}}
    told = call(canary_world.home, "models", "list").stdout
    assert "LogisticRegression" in told
    assert "kept: largest gap" in told


@pytest.mark.parametrize(
    ("conditions", "found"),
    [
        (("--stage", "staging"), ["2"]),
        (("--framework", "lightgbm"), []),
        (("--metric", "train_brier<0.5", "--tag", "parent=1"), ["2"]),
        (("--metric", "train_brier>0.5"), []),
        (("--text", "skops", "--until", "2001-01-01T00:00:00Z"), []),
    ],
)
def test_a_search_keeps_what_has_every_condition(
    canary_world: World, conditions: tuple[str, ...], found: list[str]
) -> None:
    answer = call(canary_world.home, "models", "search", MODEL, *conditions, "--json").answer
    assert [row["version"] for row in answer["versions"]] == found


@pytest.mark.parametrize(
    ("words", "version"), [(("@champion",), "1"), (("@latest",), "2"), (("", "2"), "2"), (("",), "1")]
)
def test_a_version_is_shown_by_number_alias_or_latest(
    canary_world: World, words: tuple[str, ...], version: str
) -> None:
    answer = call(canary_world.home, "models", "show", f"{MODEL}{words[0]}", *words[1:], "--json").answer
    assert answer["version"] == version
    assert list(answer["signature"]) == list(FEATURES)
    assert answer["lineage"] == (["2", "1"] if version == "2" else ["1"])
    assert answer["tags"]["source.run"]


def test_two_versions_are_compared_on_the_games_both_have_forecast(canary_world: World) -> None:
    answer = call(canary_world.home, "models", "compare", MODEL, "champion", "challenger", "--json").answer
    sealed = canary_world.platform.store.predictions(MODEL)
    assert answer["versions"] == ["1", "2"]
    assert answer["calibration"]["rows"] == sealed["unit"].nunique()
    assert answer["metrics"]["train_brier"]["absolute"] is not None
    assert answer["data"]["trained_until"]["same"] is False
    assert "calibration on the same" in call(canary_world.home, "models", "compare", MODEL, "1", "2").stdout


def test_two_versions_are_compared_on_rows_of_a_file(
    canary_world: World, tmp_path: Path, world_frame: pd.DataFrame
) -> None:
    place = tmp_path / "rows.csv"
    world_frame.tail(80).to_csv(place, index=False)
    words = ("models", "compare", MODEL, "1", "2", "--rows", str(place), "--json")
    answer = call(canary_world.home, *words, "--outcome", "home_win").answer
    assert answer["calibration"]["rows"] == 80
    refused = call(canary_world.home, *words, "--outcome", "won")
    assert (refused.status, refused.answer["error"]["field"]) == (exits.BAD_INPUT, "outcome")


def test_the_family_is_drawn(canary_world: World, tmp_path: Path) -> None:
    picture = tmp_path / "family.svg"
    answer = call(canary_world.home, "models", "lineage", f"{MODEL}@2", "--picture", str(picture), "--json").answer
    assert (answer["chain"], answer["edges"], answer["stages"]["2"]) == (["2", "1"], [["1", "2"]], "staging")
    text = picture.read_text(encoding="utf-8")
    assert text.startswith("<svg")
    assert "2: staging" in text
    call(canary_world.home, "models", "lineage", MODEL, "2", "--picture", str(picture.with_suffix(".mmd")))
    assert picture.with_suffix(".mmd").read_text(encoding="utf-8").startswith("graph LR")


def test_unknown_models_versions_and_bounds_are_named(canary_world: World) -> None:
    for words, says in [
        (("show", f"{MODEL}@9"), "9"),
        (("show", f"{MODEL}@best"), "no alias 'best'"),
        (("list", "curling"), "no model 'curling'"),
        (("search", MODEL, "--metric", "brier"), "no bound"),
        (("search", MODEL, "--tag", "team"), "no tag"),
        (("retire", MODEL, "1", "--why", "tired"), "champion"),
        (("retire", MODEL, "2", "--why", "tired"), "challenger"),
    ]:
        called = call(canary_world.home, "models", *words, "--json")
        assert called.status == exits.BAD_INPUT, words
        assert says in called.answer["error"]["message"]


def changed_files_of(world: World, version: str) -> None:
    """Write a line more into a file of a version, behind the registry's back."""
    from blocks.log.client import client

    registry = world.platform.registry
    run = client(registry.tracking_uri).get_run(str(registry.version(MODEL, version)["run_id"]))
    with (Path(urlparse(run.info.artifact_uri).path) / "model" / "MLmodel").open("a", encoding="utf-8") as file:
        file.write("\n# a line more\n")


def tampered(world: World) -> list[str]:
    """Return the versions that an open alert says were changed."""
    rows = world.platform.store.alerts(MODEL, open_only=True).to_dict("records")
    found = [Alert.from_dict(row["body"]).about for row in rows]
    return [about.version for about in found if about.type is AlertType.TAMPERED]


def test_a_changed_file_is_named_fails_the_check_and_opens_an_alert(own_world: World) -> None:
    assert call(own_world.home, "models", "verify", MODEL).status == exits.DONE
    changed_files_of(own_world, "2")
    called = call(own_world.home, "models", "verify", MODEL, "--json")
    assert called.status == exits.NO
    assert [row["changed"] for row in called.answer["versions"]] == [[], ["MLmodel"]]
    assert call(own_world.home, "models", "verify", MODEL, "1").status == exits.DONE
    assert tampered(own_world) == ["2"]


def test_a_slate_is_scored_without_a_version_that_was_changed_and_says_so(own_world: World) -> None:
    changed_files_of(own_world, "2")
    night = next(own_world.unplayed())
    own_world.play(night, tick=False)
    sealed = own_world.platform.store.predictions(MODEL, slates=[night.date])
    assert set(sealed["version"]) == {"1"}
    assert tampered(own_world) == ["2"]


def test_a_version_that_nothing_needs_is_retired_and_stays_in_the_list(
    own_world: World, world_frame: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(own_world.home)
    platform = own_world.platform
    found = trained(MODEL, "logistic", world_frame, train(world_frame, "logistic", 0), 0)
    uri = platform.registry.log_model(MODEL, found)
    asked = Asked("ana", parent="champion", description="a try", tags={"team": "basketball"})
    register: object = getattr(register_version, "fn", register_version)
    assert callable(register)
    assert register(platform, MODEL, uri, asked) == "3"
    shown = call(own_world.home, "models", "show", MODEL, "3", "--json").answer
    told = {name: shown["tags"][name] for name in ("author", "parent", "team")}
    assert (told, shown["description"]) == ({"author": "ana", "parent": "1", "team": "basketball"}, "a try")
    answer = call(own_world.home, "models", "retire", MODEL, "3", "--why", "no use", "--by", "ana", "--json").answer
    assert answer["stage"] == "archived"
    listed = call(own_world.home, "models", "search", MODEL, "--stage", "archived", "--json").answer
    assert [row["version"] for row in listed["versions"]] == ["3"]
    events = call(own_world.home, "history", MODEL, "--json").answer["events"]
    assert [(event["by"], event["why"]) for event in events if event["type"] == "retire"] == [("ana", "no use")]
