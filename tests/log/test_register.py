"""The compare-and-set under every decision."""

from __future__ import annotations

import pytest

from blocks.errors import BackendError, Conflict, NotFound, Refused
from blocks.log.client import client
from blocks.log.reader import current_routes
from blocks.log.register import LIMIT, params, put_once
from blocks.log.rollouts import RolloutLog

ROUTES = '{"n":1,"stage":"SHADOW","routes":{"salt":"s","arms":[{"version":"1","role":"champion","weight":100}]}}'


def planned(log: RolloutLog, key: str) -> str:
    """Return the run of a planned request."""
    run_id = log.prepare("nba-win", key, key)
    log.plan(run_id, "{}", "1", "2")
    return run_id


def test_the_same_value_again_is_accepted_and_another_is_not(log: RolloutLog) -> None:
    run_id = planned(log, "a")
    put_once(log.tracking_uri, run_id, "e/0001", "one")
    put_once(log.tracking_uri, run_id, "e/0001", "one")
    with pytest.raises(Conflict, match="written by somebody else first"):
        put_once(log.tracking_uri, run_id, "e/0001", "two")
    assert params(log.tracking_uri, run_id)["e/0001"] == "one"


def test_a_value_that_mlflow_would_cut_is_refused_before_it_is_written(log: RolloutLog) -> None:
    run_id = planned(log, "a")
    put_once(log.tracking_uri, run_id, "e/0001", "x" * (LIMIT - 1))
    assert len(params(log.tracking_uri, run_id)["e/0001"]) == LIMIT - 1
    with pytest.raises(Refused, match="a record holds 6000"):
        put_once(log.tracking_uri, run_id, "e/0002", "x" * LIMIT)


def test_a_run_that_does_not_stand_is_not_a_lost_race(log: RolloutLog) -> None:
    with pytest.raises(BackendError) as raised:
        put_once(log.tracking_uri, "0" * 32, "e/0001", "one")
    assert not isinstance(raised.value, Conflict)


def test_a_run_without_a_plan_is_no_rollout(log: RolloutLog) -> None:
    run_id = log.prepare("nba-win", "a", "a")
    with pytest.raises(NotFound, match="no plan"):
        log.read(run_id)


def test_a_request_finds_its_run_by_its_key_until_that_is_set_aside(log: RolloutLog) -> None:
    first = planned(log, "a")
    assert log.prepare("nba-win", "a", "a") == first
    assert log.prepare("nba-win", "b", "b") != first
    log.tag(first, {"rollout.abandoned": "asked anew"})
    assert log.prepare("nba-win", "a", "a") != first


def test_a_place_in_the_index_is_won_once(log: RolloutLog) -> None:
    first, second = planned(log, "a"), planned(log, "b")
    log.claim("nba-win", 1, first)
    log.claim("nba-win", 1, first)
    with pytest.raises(Conflict):
        log.claim("nba-win", 1, second)
    assert log.order("nba-win") == [first]


def test_readers_keep_the_routes_before_a_rollout_that_has_no_event_yet(log: RolloutLog) -> None:
    assert current_routes(log.tracking_uri, "nba-win") is None
    first, second = planned(log, "a"), planned(log, "b")
    log.claim("nba-win", 1, first)
    assert current_routes(log.tracking_uri, "nba-win") is None
    log.append(first, 1, ROUTES)
    log.claim("nba-win", 2, second)
    routes = current_routes(log.tracking_uri, "nba-win")
    assert routes is not None
    assert (routes["run_id"], routes["champion"]) == (first, "1")


def test_events_come_back_in_order_beyond_nine(log: RolloutLog) -> None:
    run_id = planned(log, "a")
    log.claim("nba-win", 1, run_id)
    for number in range(1, 13):
        log.append(run_id, number, f"event {number}")
    record = log.head("nba-win")
    assert record is not None
    assert record.events == tuple(f"event {number}" for number in range(1, 13))


def test_an_index_is_made_once_and_its_run_is_no_rollout(log: RolloutLog) -> None:
    planned(log, "a")
    planned(log, "b")
    experiments = client(log.tracking_uri).search_experiments()
    assert sorted(one.name for one in experiments if one.name.startswith("deploy")) == ["deploy", "deploy/nba-win"]
    assert log.all("nba-win") == []
