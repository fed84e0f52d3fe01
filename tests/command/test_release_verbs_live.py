"""The verbs that move a rollout, as the installed command: on a live stack, and on servers started for the call."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from catalogue.conftest import logistic, saved
from command.calling import Called, call, installed, run
from worlds import MODEL, SEASON, World

from deployments.command import exits
from deployments.stack.stack import attach

pytestmark = [pytest.mark.slow, pytest.mark.long]

ROOT = Path(__file__).resolve().parents[2]
# a stack without its worker: no schedule of the deployments may fire into a replayed season
STACK = """
import sys
from deployments.stack import runner
from deployments.stack.supervisor import Wanted, supervised
with supervised(sys.argv[1], Wanted(gateway=False)) as supervisor:
    runner.save_blocks(supervisor.stack)
    supervisor.ready()
    supervisor.watch()
"""


@pytest.fixture(scope="module")
def live_world(canary_world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Return a world in CANARY with a stack that runs in it; the tests of this file carry it on in their order."""
    world = canary_world.copy(tmp_path_factory.mktemp("live") / "home")
    with (world.home / "stack.log").open("w") as log:
        stack = subprocess.Popen([sys.executable, "-c", STACK, str(world.home)], cwd=ROOT, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + 180
        while attach(world.home) is None:
            assert stack.poll() is None, (world.home / "stack.log").read_text()[-2000:]
            assert time.monotonic() < deadline
            time.sleep(0.2)
        yield world
    finally:
        stack.send_signal(signal.SIGTERM)
        stack.wait(60)


def kinds(world: World) -> list[str]:
    """Return the types of all events, oldest first."""
    return [str(event["type"]) for event in call(world.home, "history", MODEL, "--json").answer["events"]]


def refused(called: Called, *words: str) -> None:
    """Hold a call to bad input, with the words in its one message and no traceback."""
    assert called.status == exits.BAD_INPUT, called.stderr
    assert all(word in called.stderr for word in words), called.stderr
    assert "Traceback" not in called.stderr


def test_a_night_is_scored_settled_and_looked_at(live_world: World) -> None:
    night = next(live_world.unplayed())
    scored = run(live_world.home, "score", MODEL, "--date", night.date, "--now", night.scored.isoformat(), "--json")
    assert scored.status == exits.DONE, scored.stderr
    assert (scored.answer["slate"], scored.answer["left_out"]) == (night.date, [])
    assert {game["version"] for game in scored.answer["games"]} <= {"1", "2"}
    assert {"game_id", "home", "away", "tip", "p_home", "version", "role"} == set(scored.answer["games"][0])

    settled = run(live_world.home, "settle", MODEL, "--now", night.morning.isoformat(), "--json")
    assert settled.status == exits.DONE, settled.stderr
    assert settled.answer["revisions"] == {"final": len(scored.answer["games"])}
    assert night.date in settled.answer["closed"]

    before = len(kinds(live_world))
    ticked = run(live_world.home, "tick", MODEL, "--by", "ana", "--now", night.morning.isoformat(), "--json")
    assert ticked.status == exits.DONE, ticked.stderr
    new = call(live_world.home, "history", MODEL, "--json").answer["events"][before:]
    assert ([ticked.answer["event"]] if ticked.answer["event"] else []) == new
    assert all(event["by"] == "ana" for event in new)
    status = call(live_world.home, "status", MODEL, "--now", night.morning.isoformat(), "--json").answer
    assert {**ticked.answer, "event": None} == {**status, "event": None}


def test_a_folder_is_registered_once_under_a_name_of_its_own_and_one_without_a_signature_is_refused(
    live_world: World, tmp_path: Path
) -> None:
    folder = str(saved(logistic(), tmp_path / "m"))
    words = ("register", "side", "--uri", folder, "--description", "a try", "--tag", "team=x", "--by", "ana", "--json")
    for new in (True, False):
        called = run(live_world.home, *words)
        assert called.status == exits.DONE, called.stderr
        assert (called.answer["version"], called.answer["new"], called.answer["description"]) == ("1", new, "a try")
    assert (called.answer["tags"]["author"], called.answer["tags"]["team"]) == ("ana", "x")
    unsigned = str(saved(logistic(), tmp_path / "n", signature=False, input_example=None))
    refused(run(live_world.home, "register", "side", "--uri", unsigned), "no signature", "infer_signature")
    assert len(call(live_world.home, "models", "list", "side", "--json").answer["versions"]) == 1


def test_one_old_night_can_be_settled_again_and_an_unknown_one_is_refused(live_world: World) -> None:
    first = next(live_world.nights())
    again = run(live_world.home, "settle", MODEL, "--date", first.date, "--json")
    assert (again.status, again.answer["revisions"]) == (exits.DONE, {})
    refused(run(live_world.home, "settle", MODEL, "--date", "2001-01-01"), "date: no slate of nba-win was locked")


def test_what_cannot_be_done_is_refused_and_changes_nothing(live_world: World) -> None:
    before = kinds(live_world)
    refused(run(live_world.home, "approve", MODEL, "--step", "3", "--by", "ana"), "step 3", "nothing was changed")
    refused(run(live_world.home, "rollback", MODEL, "--to", "9"), "version 9 of nba-win has never been champion")
    refused(run(live_world.home, "release", MODEL, "--uri", str(ROOT)), "holds no file MLmodel")
    refused(call(live_world.home, "tick", "nhl-win"), "'nhl-win'", MODEL)
    refused(call(live_world.home, "tick", MODEL, "--now", "2019-10-28T12:00:00"), "now:", "timezone")
    refused(run(live_world.home, "validate", MODEL, "99"), "99")
    assert kinds(live_world) == before


def test_a_person_steps_in_with_a_name_and_a_reason(live_world: World) -> None:
    now = next(live_world.unplayed()).scored.isoformat()
    signed = ("--why", "odd forecasts", "--by", "ana", "--now", now, "--json")
    held = run(live_world.home, "hold", MODEL, *signed)
    assert (held.status, held.answer["rollout"]["held"]) == (exits.DONE, "manual"), held.stderr
    assert [held.answer["event"][name] for name in ("type", "by", "why")] == ["hold", "ana", "odd forecasts"]
    off = run(live_world.home, "disable", MODEL, *signed)
    assert (off.status, off.answer["event"]["type"], off.answer["event"]["by"]) == (exits.DONE, "disable", "ana")
    assert run(live_world.home, "enable", MODEL, *signed).status == exits.DONE
    resumed = run(live_world.home, "resume", MODEL, *signed)
    assert (resumed.answer["event"]["type"], resumed.answer["rollout"]["held"]) == ("resume", None)
    refused(run(live_world.home, "resume", MODEL, "--why", "again", "--by", "ana"), "is not held; nothing was changed")


def test_the_gates_of_a_version_can_be_seen_again(live_world: World) -> None:
    before = kinds(live_world)
    now = next(live_world.nights()).scored.isoformat()
    checked = run(live_world.home, "validate", MODEL, "latest", "--now", now, "--json")
    assert (checked.status, checked.answer["version"], checked.answer["verdict"]) == (exits.DONE, "2", "PASS")
    gates = [gate["gate"] for gate in checked.answer["gates"]]
    assert {"training data", "contract", "holdout", "leak"} <= set(gates), gates
    assert kinds(live_world) == before


def test_a_gate_that_says_no_is_exit_status_1_with_the_expectations_name(live_world: World) -> None:
    import pandas as pd

    past = live_world.home / "games" / f"season-{SEASON - 1}.csv.gz"
    kept = past.read_bytes()
    season = pd.read_csv(past)
    season.rename(columns={"home_pts": "away_pts", "away_pts": "home_pts"}).to_csv(past, index=False)
    now = next(live_world.nights()).scored.isoformat()
    try:
        stopped = run(live_world.home, "validate", MODEL, "2", "--now", now, "--json")
    finally:
        past.write_bytes(kept)
    assert stopped.status == exits.NO, stopped.stderr
    error = stopped.answer["error"]
    assert error["kind"] == "GateFailed"
    assert "did not pass the gate nba-win/training" in error["message"]
    assert "expect_share_of_rows_to_be_between" in error["message"]


def test_the_monitor_tells_what_it_found(live_world: World) -> None:
    now = next(live_world.unplayed()).scored.isoformat()
    seen = run(live_world.home, "monitor", MODEL, "--now", now, "--json")
    assert seen.status == exits.DONE, seen.stderr
    assert (seen.answer["event"], isinstance(seen.answer["findings"], list)) == (None, True)


def test_a_rollback_by_hand_bears_its_author_and_its_reason(live_world: World) -> None:
    now = next(live_world.unplayed()).scored.isoformat()
    words = ("rollback", MODEL, "--why", "odd forecasts", "--by", "ana", "--now", now, "--json")
    done = run(live_world.home, *words)
    assert done.status == exits.DONE, done.stderr
    event = done.answer["event"]
    assert (event["type"], event["by"], event["why"]) == ("abort", "ana", "odd forecasts")
    assert (done.answer["champion"], done.answer["rollout"]) == ("1", None)
    log = [kind for kind in kinds(live_world) if kind not in ("disable", "enable")]
    assert log[-1] == "abort"


def test_a_watched_release_tells_of_its_end_and_says_no_when_it_is_rolled_back(live_world: World) -> None:
    source = live_world.platform.registry.version(MODEL, "2")["source"]
    now = next(live_world.unplayed()).scored.isoformat()
    words = ("release", MODEL, "--uri", str(source), "--watch", "--by", "ana", "--now", now, "--json")
    watching = subprocess.Popen(
        installed(live_world.home, *words), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert watching.stderr is not None
    said = ""
    for line in watching.stderr:
        said += line
        if "start of version 2" in line:
            break
    assert watching.poll() is None, said
    assert run(live_world.home, "rollback", MODEL, "--by", "bo", "--now", now).status == exits.DONE
    stdout, rest = watching.communicate(timeout=60)
    assert watching.returncode == exits.NO, said + rest
    assert "abort of version 2" in rest
    answer = json.loads(stdout)
    assert (answer["champion"], answer["event"]["type"], answer["event"]["by"]) == ("1", "abort", "bo")


def test_ctrl_c_stops_the_watching_and_not_the_rollout(live_world: World) -> None:
    source = live_world.platform.registry.version(MODEL, "2")["source"]
    now = next(live_world.unplayed()).scored.isoformat()
    words = ("release", MODEL, "--uri", str(source), "--watch", "--now", now)
    watching = subprocess.Popen(installed(live_world.home, *words), stderr=subprocess.PIPE, text=True)
    assert watching.stderr is not None
    for line in watching.stderr:
        if "start of version 2" in line:
            break
    watching.send_signal(signal.SIGINT)
    _, rest = watching.communicate(timeout=60)
    assert watching.returncode == exits.INTERRUPTED
    assert "the rollout goes on" in rest
    assert call(live_world.home, "status", MODEL, "--json").answer["rollout"]["stage"] == "SHADOW"


def test_without_a_stack_a_verb_starts_what_it_needs_and_leaves_nothing_running(own_world: World) -> None:
    now = next(own_world.unplayed()).scored.isoformat()
    done = run(own_world.home, "rollback", MODEL, "--by", "ana", "--now", now, "--json")
    assert done.status == exits.DONE, done.stderr
    assert done.answer["event"]["type"] == "abort"
    assert "Error logging to API" not in done.stderr
    assert attach(own_world.home) is None
    assert kinds(own_world)[-1] == "abort"
