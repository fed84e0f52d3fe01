"""status, rollouts, history, alerts and journal: the record of a home, read without a server."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from command.calling import call
from worlds import MODEL, World

from deployments.command import exits
from tasks.acts import Act, go_back
from tasks.alerting.alert import Alert, Subject
from tasks.alerting.kinds import AlertType, Severity
from tasks.records import append
from tasks.rollout.canonical import canonical, digest
from tasks.rollout.machine import Draft
from tasks.rollout.stage import EventType, Held

pytestmark = pytest.mark.slow


@contextmanager
def record(world: World) -> Iterator[sqlite3.Connection]:
    """Open MLflow's database, as somebody does who wants to change the past."""
    connection = sqlite3.connect(world.home / "mlflow.db")
    with connection:
        yield connection
    connection.close()


def test_status_says_what_serves_and_where_the_rollout_stands(canary_world: World) -> None:
    answer = call(canary_world.home, "status", MODEL, "--json").answer
    rollout = canary_world.rollout
    assert (answer["model"], answer["champion"], answer["challenger"]) == (MODEL, "1", "2")
    assert answer["routes"] == rollout.events[-1].routes
    live = answer["rollout"]
    assert (live["run_id"], live["stage"], live["weight"]) == (rollout.run_id, "CANARY", rollout.weight)
    assert (live["held"], live["n"]) == (None, rollout.events[-1].detail["n"])
    assert live["log_e_promote"] == rollout.events[-1].detail["log_e_promote"]
    assert live["nights_left"]["median"] <= live["nights_left"]["p90"]
    assert "is closed" in live["next_look"]


def test_status_without_a_model_is_that_of_the_only_one(canary_world: World) -> None:
    assert call(canary_world.home, "status", "--json").answer["model"] == MODEL


def test_reading_leaves_nothing_behind(canary_world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = sorted(path.name for path in canary_world.home.iterdir())
    monkeypatch.chdir(tmp_path)
    for verb in ("status", "rollouts", "history"):
        assert call(canary_world.home, verb, MODEL).status == exits.DONE
    assert not list(tmp_path.iterdir())
    assert sorted(path.name for path in canary_world.home.iterdir()) == before


@pytest.mark.parametrize("verb", ["status", "rollouts", "history", "journal"])
def test_an_unknown_model_is_bad_input_with_the_known_ones(canary_world: World, verb: str) -> None:
    called = call(canary_world.home, verb, "nhl-win")
    assert called.status == exits.BAD_INPUT
    assert "'nhl-win'" in called.stderr
    assert f"It has: {MODEL}" in called.stderr


@pytest.mark.parametrize("words", [("status",), ("rollouts", MODEL), ("history", MODEL), ("alerts", "list")])
def test_a_home_without_a_record_is_bad_input_and_is_not_made(tmp_path: Path, words: tuple[str, ...]) -> None:
    called = call(tmp_path / "none", *words)
    assert called.status == exits.BAD_INPUT
    assert "There is no record in" in called.stderr
    assert "gamenight up" in called.stderr
    assert not list(tmp_path.iterdir())


def test_rollouts_are_all_there_with_their_ends(canary_world: World) -> None:
    first, second = call(canary_world.home, "rollouts", MODEL, "--json").answer["rollouts"]
    assert (first["number"], first["from"], first["to"], first["stage"]) == (1, None, "1", "PROMOTED")
    assert first["ended"] == first["started"]
    assert (second["number"], second["from"], second["to"], second["stage"]) == (2, "1", "2", "CANARY")
    assert (second["ended"], second["by"], second["run_id"]) == (None, "tests", canary_world.rollout.run_id)
    assert "CANARY" in call(canary_world.home, "rollouts", MODEL).stdout


def test_the_history_holds_every_event_in_order(canary_world: World) -> None:
    answer = call(canary_world.home, "history", MODEL, "--json").answer
    kinds = [event["type"] for event in answer["events"]]
    assert kinds[:6] == ["validate", "start", "promote", "finish", "validate", "start"]
    assert kinds[6:] == [event.type.value for event in canary_world.rollout.events[2:]]
    assert answer["intact"]
    named = {"rollout", "n", "type", "at", "by", "from", "to", "weight", "why", "evidence", "routes"}
    assert all(named <= set(event) for event in answer["events"])


def test_an_honest_history_verifies_and_its_verdicts_follow_from_the_evidence(canary_world: World) -> None:
    called = call(canary_world.home, "history", MODEL, "--verify", "--recompute", "--json")
    assert (called.status, called.answer["complaints"], called.answer["differences"]) == (exits.DONE, [], [])


def test_the_evidence_is_found_where_a_server_keeps_it(own_world: World) -> None:
    (own_world.home / "mlruns").rename(own_world.home / "artifacts")
    with record(own_world) as database:
        database.execute(
            "UPDATE runs SET artifact_uri = replace(artifact_uri, ?, ?)",
            (str(own_world.home / "mlruns"), "mlflow-artifacts:"),
        )
    called = call(own_world.home, "history", MODEL, "--verify", "--json")
    assert (called.status, called.answer["complaints"]) == (exits.DONE, [])


def test_a_changed_event_is_named(own_world: World) -> None:
    run_id = own_world.rollout.run_id
    with record(own_world) as database:
        database.execute(
            "UPDATE params SET value = replace(value, 'schedule', 'somebody') WHERE run_uuid = ? AND key = 'e/0003'",
            (run_id,),
        )
    assert call(own_world.home, "history", MODEL).status == exits.DONE
    called = call(own_world.home, "history", MODEL, "--verify", "--json")
    assert (called.status, called.answer["intact"]) == (exits.NO, False)
    # the text itself is a good event; the next one no longer cites it
    assert f"event 4 of {run_id}" in called.answer["complaints"][0]
    assert f"event 4 of {run_id}" in str(call(own_world.home, "rollouts", MODEL, "--json").answer["rollouts"])


def test_the_last_event_cannot_be_taken_away_unseen(own_world: World) -> None:
    rollout = own_world.rollout
    last = len(rollout.events)
    with record(own_world) as database:
        database.execute("DELETE FROM params WHERE run_uuid = ? AND key = ?", (rollout.run_id, f"e/{last:04d}"))
    called = call(own_world.home, "history", MODEL, "--verify", "--json")
    assert called.status == exits.NO
    assert f"event {last} of {rollout.run_id} was announced" in called.answer["complaints"][0]


@pytest.mark.parametrize("how", ["changed", "gone"])
def test_evidence_that_is_not_what_was_cited_is_named(own_world: World, how: str) -> None:
    rollout = own_world.rollout
    sha = str(rollout.events[-1].evidence)
    (place,) = own_world.home.rglob(f"{sha}.json")
    if how == "gone":
        place.unlink()
    else:
        place.write_text(place.read_text().replace('"n_max":600', '"n_max":601'))
    called = call(own_world.home, "history", MODEL, "--verify", "--json")
    assert called.status == exits.NO
    (said,) = called.answer["complaints"]
    assert f"event {len(rollout.events)} of {rollout.run_id} (advance)" in said
    assert sha[:12] in said


def test_a_verdict_that_does_not_follow_is_found(own_world: World) -> None:
    """Evidence whose digest is right and whose verdict is not what the rule says of its rows."""
    registry, rollout = own_world.platform.registry, own_world.rollout
    (place,) = own_world.home.rglob(f"{rollout.events[-1].evidence}.json")
    text = canonical(json.loads(place.read_text()) | {"verdict": "FAIL", "reason": "score"})
    place.with_name(f"{digest(text)}.json").write_text(text)
    draft = Draft(EventType.HOLD, "says the forger", held=Held.MANUAL, evidence=digest(text))
    later = next(own_world.unplayed()).first_tip
    append(registry, rollout, draft, later, "a forger")
    assert call(own_world.home, "history", MODEL, "--verify").status == exits.DONE
    called = call(own_world.home, "history", MODEL, "--recompute", "--json")
    assert called.status == exits.NO
    (said,) = called.answer["differences"]
    assert f"event {len(rollout.events) + 1} of {rollout.run_id} (hold)" in said
    assert "the record says FAIL" in said


def test_what_was_live_at_an_instant_with_the_decision_behind_it(canary_world: World) -> None:
    events = canary_world.rollout.events
    start, advance = events[1], events[2]
    live = call(canary_world.home, "history", MODEL, "--at", advance.at, "--json").answer["live"]
    assert (live["champion"], live["routes"]) == ("1", advance.routes)
    assert live["routes_by"]["n"] == advance.n
    assert (live["routes_by"]["by"], live["routes_by"]["evidence"]) == (advance.by, advance.evidence)
    assert (live["champion_by"]["type"], live["champion_by"]["to"]) == ("promote", "1")
    live = call(canary_world.home, "history", MODEL, "--at", start.at, "--json").answer["live"]
    assert live["routes"]["arms"][0]["weight"] == 0


def test_nothing_was_live_before_the_first_release(canary_world: World) -> None:
    called = call(canary_world.home, "history", MODEL, "--at", "2001-01-01T00:00:00Z")
    assert (called.status, "nothing was live" in called.stdout) == (exits.DONE, True)


@pytest.mark.parametrize("at", ["2019-10-25T12:00:00", "yesterday"])
def test_a_time_without_its_zone_is_bad_input(canary_world: World, at: str) -> None:
    called = call(canary_world.home, "history", MODEL, "--at", at)
    assert called.status == exits.BAD_INPUT
    assert "at:" in called.stderr


def test_a_rollback_is_in_the_status_before_any_alias_has_moved(own_world: World) -> None:
    now = next(own_world.unplayed()).scored
    go_back.fn(own_world.platform, None, Act(MODEL, "ana", now, "odd forecasts"))
    answer = call(own_world.home, "status", MODEL, "--json").answer
    assert (answer["champion"], answer["challenger"], answer["rollout"]) == ("1", None, None)
    assert [arm["version"] for arm in answer["routes"]["arms"]] == ["1"]
    last = call(own_world.home, "history", MODEL, "--json").answer["events"][-1]
    assert (last["type"], last["by"], last["why"]) == ("abort", "ana", "odd forecasts")


def alert_in(world: World) -> Alert:
    """Open an alert in a world's store."""
    now = next(world.unplayed()).scored
    about = Subject(MODEL, "1", AlertType.FEATURE_DRIFT, "neutral")
    alert = Alert(about, Severity.WARNING, "many games on neutral floors", now, now)
    world.platform.store.save_alert(alert.to_dict())
    return alert


def test_an_acknowledged_alert_stands_in_the_history_with_its_author(own_world: World) -> None:
    alert = alert_in(own_world)
    (row,) = call(own_world.home, "alerts", "list", MODEL, "--json").answer["alerts"]
    assert (row["key"], row["state"]) == (alert.key, "open")
    called = call(own_world.home, "alerts", "ack", row["id"], "--by", "ana", "--why", "the arena burnt", "--json")
    assert (called.status, called.answer["alert"]["state"]) == (exits.DONE, "acknowledged")
    last = call(own_world.home, "history", MODEL, "--json").answer["events"][-1]
    assert (last["type"], last["by"], last["why"], last["subject"]) == (
        "acknowledge", "ana", "the arena burnt", alert.key,
    )  # fmt: skip


def test_a_silenced_alert_says_until_when_and_a_resolved_one_leaves_the_list(own_world: World) -> None:
    alert = alert_in(own_world)
    until, now = (alert.opened_at + timedelta(days=2)).isoformat(), alert.opened_at.isoformat()
    silenced = call(own_world.home, "alerts", "silence", alert.key, "--until", until, "--now", now, "--json")
    assert silenced.answer["alert"]["silenced_until"] == until
    assert call(own_world.home, "alerts", "resolve", alert.key, "--by", "ana").status == exits.DONE
    assert call(own_world.home, "alerts", "list", "--json").answer["alerts"] == []
    (over,) = call(own_world.home, "alerts", "list", "--all", "--json").answer["alerts"]
    assert (over["state"], over["resolved_by"]) == ("resolved", "ana")


def test_an_unknown_alert_is_bad_input(canary_world: World) -> None:
    called = call(canary_world.home, "alerts", "ack", "ffffffff", "--by", "ana")
    assert called.status == exits.BAD_INPUT
    assert "alerts list --all" in called.stderr


def test_the_journal_shows_the_newest_answers_oldest_first(own_world: World) -> None:
    at = next(own_world.unplayed()).scored
    rows: list[dict[str, object]] = [
        {"model": MODEL, "request_id": f"r{n}", "version": "1", "role": "champion", "at": at + timedelta(seconds=n)}
        for n in range(5)
    ]
    own_world.platform.store.ship_journal(rows)
    answer = call(own_world.home, "journal", MODEL, "--limit", "2", "--json").answer
    assert [row["request_id"] for row in answer["rows"]] == ["r3", "r4"]
    since = (at + timedelta(seconds=4)).isoformat()
    answer = call(own_world.home, "journal", MODEL, "--since", since, "--json").answer
    assert [row["request_id"] for row in answer["rows"]] == ["r4"]
