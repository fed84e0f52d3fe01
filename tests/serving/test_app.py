"""What a client gets, byte for byte of status and header, without a socket."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from blocks.serving.handle import ModelHandle
from blocks.serving.router import arm_of
from tests.serving.conftest import OPERATOR, routes_of
from tests.serving.parts import ROW, SCHEMA, WIDER, Parts, constant, gateway, raising

SPLIT = routes_of("6", "7", 40)


def ask(parts: Parts, *requests: tuple[str, str, dict[str, Any]]) -> list[httpx.Response]:
    """Return the answers to requests that are sent one after the other."""

    async def run() -> list[httpx.Response]:
        async with parts.client() as client:
            return [await client.request(method, path, **more) for method, path, more in requests]

    return asyncio.run(run())


def score(parts: Parts, row: object = ROW, key: str | None = None, **headers: str) -> httpx.Response:
    """Return the answer to one row."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    if key is not None:
        named["x-routing-key"] = key
    return ask(parts, ("POST", "/invocations", {"json": {"dataframe_records": [row]}, "headers": named}))[0]


def keys_of(version: str, count: int, routes: dict[str, Any] = SPLIT) -> list[str]:
    """Return keys that an arm owns."""
    return [key for n in range(1000) if arm_of(routes, key := f"k{n}")["version"] == version][:count]


def test_the_arm_of_the_key_answers_and_says_who_it_is(tmp_path: Path) -> None:
    parts = gateway(tmp_path, [constant("6", 0.6), constant("7", 0.7)], SPLIT)
    for version, role, value in (("6", "champion", 0.6), ("7", "challenger", 0.7)):
        answer = score(parts, key=keys_of(version, 1)[0], x_request_id="r-1")
        assert (answer.status_code, answer.json()) == (200, {"predictions": [value]})
        assert answer.headers["x-model-version"] == version
        assert answer.headers["x-model-role"] == role
        assert answer.headers["x-request-id"] == "r-1"


def test_without_a_header_the_key_is_the_key_field_and_without_that_the_request_id(tmp_path: Path) -> None:
    parts = gateway(tmp_path, [constant("6", 0.6), constant("7", 0.7)], SPLIT)
    mine = keys_of("7", 1)[0]
    assert score(parts, {**ROW, "game_id": mine}).headers["x-model-version"] == "7"
    assert score(parts, x_request_id=mine).headers["x-model-version"] == "7"
    drawn = [score(parts) for _ in range(40)]
    assert {answer.headers["x-model-version"] for answer in drawn} == {"6", "7"}
    assert len({answer.headers["x-request-id"] for answer in drawn}) == 40


def test_every_arm_scores_every_request_and_only_one_served(tmp_path: Path) -> None:
    routes = {"salt": "s", "fallback": None, "arms": [
        {"version": "5", "role": "fallback", "weight": 0},
        {"version": "7", "role": "challenger", "weight": 50},
        {"version": "6", "role": "champion", "weight": 50},
    ]}  # fmt: skip
    parts = gateway(tmp_path, [constant("5", 0.5), constant("6", 0.6), constant("7", 0.7)], routes)
    for number in range(10):
        score(parts, {**ROW, "game_id": f"k{number}"}, x_request_id=f"r{number}")
    entries = parts.entries()
    assert {(e.request_id, e.version, e.output[0] if e.output else None) for e in entries} == {
        (f"r{number}", version, float(f"0.{version}")) for number in range(10) for version in "567"
    }
    served = [entry for entry in entries if entry.served]
    assert len(served) == 10
    assert {entry.version for entry in served} == {"6", "7"}
    assert all(arm_of(routes, entry.key)["version"] == entry.version for entry in served)
    assert served[0].rows == [[1500.0, 1400.0, "k0"]]


def test_a_challenger_that_breaks_costs_the_client_nothing_and_its_breaker_opens(tmp_path: Path) -> None:
    parts = gateway(tmp_path, [constant("6", 0.6), raising("7")], SPLIT)
    for key in keys_of("7", 6):
        answer = score(parts, key=key)
        assert answer.json() == {"predictions": [0.6]}
        assert answer.headers["x-model-role"] == "champion"
    assert parts.breakers.states()["7"] == "open"
    entries = parts.entries()
    failures = [entry for entry in entries if entry.version == "7" and entry.role == "challenger"]
    assert [entry.error for entry in failures] == ["RuntimeError: secret trouble"] * 6
    moves = [entry for entry in entries if entry.role == "breaker"]
    assert [(move.version, move.error) for move in moves] == [("7", "open: 4 of 4 requests failed")]


@pytest.mark.parametrize("wrong", [float("nan"), 1.5, -0.1, float("inf")])
def test_an_impossible_output_never_reaches_a_client_and_opens_the_breaker_at_once(
    tmp_path: Path, wrong: float
) -> None:
    parts = gateway(tmp_path, [constant("6", 0.6), constant("7", wrong)], SPLIT)
    assert score(parts, key=keys_of("7", 1)[0]).json() == {"predictions": [0.6]}
    assert parts.breakers.states()["7"] == "open"


def test_an_open_breaker_is_probed_in_shadow_and_closes_when_the_version_is_well(tmp_path: Path) -> None:
    ill = [True]

    def run(rows: Any) -> Any:
        if ill[0]:
            raise RuntimeError
        return np.full(len(rows), 0.7)

    parts = gateway(tmp_path, [constant("6", 0.6), ModelHandle("7", SCHEMA, "ill", run)], SPLIT)
    key = keys_of("7", 1)[0]
    for _ in range(4):
        score(parts, key=key)
    ill[0] = False
    assert score(parts, key=key).headers["x-model-version"] == "6"
    parts.entries()  # a shadow score of the time before is no probe
    parts.now[0] += 31
    parts.watcher.turn()
    for _ in range(2):
        assert score(parts, key=key).headers["x-model-version"] == "6"
        parts.entries()
    assert score(parts, key=key).headers["x-model-version"] == "7"


def test_a_champion_that_breaks_is_answered_for_by_the_fallback(tmp_path: Path) -> None:
    parts = gateway(tmp_path, [raising("6"), constant("5", 0.5)], routes_of("6", fallback="5"))
    answer = score(parts)
    assert (answer.json(), answer.headers["x-model-role"]) == ({"predictions": [0.5]}, "fallback")


def test_when_nobody_can_answer_the_client_gets_a_503_and_no_trace(tmp_path: Path) -> None:
    parts = gateway(tmp_path, [raising("6")], routes_of("6"))
    for _ in range(6):
        answer = score(parts)
        assert answer.status_code == 503
        assert "secret" not in answer.text
    assert ask(parts, ("GET", "/health", {}))[0].json()["reason"].startswith("the breaker of the champion")


def test_a_challenger_that_wants_more_than_clients_send_is_at_fault_and_not_the_client(tmp_path: Path) -> None:
    parts = gateway(tmp_path, [constant("6", 0.6), constant("7", 0.7, WIDER)], SPLIT)
    assert score(parts, key=keys_of("7", 1)[0]).json() == {"predictions": [0.6]}
    assert any("home_rest" in (entry.error or "") for entry in parts.entries())


def test_a_client_that_is_wrong_for_every_version_opens_no_breaker(tmp_path: Path) -> None:
    parts = gateway(tmp_path, [constant("6", 0.6), constant("7", 0.7, WIDER)], SPLIT)
    for key in keys_of("7", 8):
        answer = score(parts, {"home_elo": 1500.0}, key=key)
        assert answer.status_code == 400
        assert answer.json()["field"] == "away_elo"
        assert [column["name"] for column in answer.json()["expected"]] == ["home_elo", "away_elo"]
        assert "x-request-id" in answer.headers
    assert parts.breakers.states()["7"] == "closed"


def test_a_slow_version_is_cut_off_at_the_deadline(tmp_path: Path) -> None:
    def slow(rows: Any) -> Any:
        time.sleep(0.4)
        return np.full(len(rows), 0.7)

    model = ModelHandle("7", SCHEMA, "slow", slow, is_quick=False)
    parts = gateway(tmp_path, [constant("6", 0.6), model], SPLIT, deadline_s=0.05)
    assert score(parts, key=keys_of("7", 1)[0]).json() == {"predictions": [0.6]}
    assert any("no answer within" in (entry.error or "") for entry in parts.entries())


@pytest.mark.parametrize(
    ("method", "path", "more", "status"),
    [
        ("GET", "/nowhere", {}, 404),
        ("POST", "/endpoints/other/invocations", {"json": {}}, 404),
        ("GET", "/invocations", {}, 405),
        ("POST", "/invocations", {"content": b"{", "headers": {}}, 400),
        ("POST", "/invocations", {"content": b"x" * 10_001}, 413),
        ("POST", "/invocations", {"content": b"a,b", "headers": {"content-type": "text/csv"}}, 415),
        ("POST", "/invocations", {"json": {}, "headers": {"x-routing-key": "k" * 257}}, 400),
        ("POST", "/invocations", {"json": {}, "headers": {"x-request-id": "a\tb"}}, 400),
        ("POST", "/invocations", {"json": {}, "headers": {"x-event-time": "2025-01-04T00:00:00Z"}}, 401),
        ("POST", "/invocations", {"json": {}, "headers": {**OPERATOR, "x-event-time": "2025-01-04T00:00:00"}}, 400),
        ("POST", "/invocations", {"json": {}, "headers": {**OPERATOR, "x-event-time": "yesterday"}}, 400),
        ("PUT", "/routes", {"json": SPLIT}, 401),
        ("PUT", "/routes", {"json": SPLIT, "headers": {"authorization": "Bearer guess"}}, 403),
        ("PUT", "/routes", {"json": SPLIT, "headers": {"authorization": "Basic x"}}, 403),
        ("PUT", "/routes", {"content": b"{", "headers": OPERATOR}, 400),
        ("PUT", "/routes", {"json": {**SPLIT, "model": "other"}, "headers": OPERATOR}, 400),
        ("PUT", "/routes", {"json": {"salt": "s", "arms": []}, "headers": OPERATOR}, 400),
        ("POST", "/journal/flush", {}, 401),
    ],
)
def test_a_bad_request_is_one_sentence_of_json(
    tmp_path: Path, method: str, path: str, more: dict[str, Any], status: int
) -> None:
    answer = ask(gateway(tmp_path, [constant("6", 0.6)], routes_of("6")), (method, path, more))[0]
    assert answer.status_code == status
    assert answer.json()["message"]
    assert "Traceback" not in answer.text


def test_while_it_stops_it_is_not_ready_and_still_answers(tmp_path: Path) -> None:
    parts = gateway(tmp_path, [constant("6", 0.6)], routes_of("6"))
    parts.app.health.is_draining = True
    assert ask(parts, ("GET", "/ping", {}))[0].status_code == 503
    assert score(parts).status_code == 200


def test_a_full_spool_refuses_or_serves_unlogged_as_the_policy_says(tmp_path: Path) -> None:
    models, routes = [constant("6", 0.6)], routes_of("6")
    loose = gateway(tmp_path / "loose", models, routes, spool_bytes=10)
    assert score(loose).status_code == 200
    assert "unlogged_predictions_total 1.0" in ask(loose, ("GET", "/metrics", {}))[0].text
    strict = gateway(tmp_path / "strict", models, routes, spool_bytes=10, when_full="refuse")
    assert score(strict).status_code == 503
    assert "spool" in ask(strict, ("GET", "/ping", {}))[0].json()["reason"]


@pytest.mark.parametrize("level", ["buffered", "crash_safe", "power_safe"])
def test_at_every_level_what_was_answered_is_shipped(tmp_path: Path, level: Any) -> None:
    parts = gateway(tmp_path, [constant("6", 0.6), constant("7", 0.7)], SPLIT, level=level)
    answers = [score(parts, x_event_time="2025-01-04T00:10:00+00:00", **OPERATOR) for _ in range(5)]
    flushed = ask(parts, ("POST", "/journal/flush", {"headers": OPERATOR}))[0]
    assert flushed.json() == {"shipped": 10, "shadow_drained": True}
    served = {row["request_id"]: row for row in parts.store.rows.values() if row["served"]}
    assert set(served) == {answer.headers["x-request-id"] for answer in answers}
    assert {str(row["event_time"]) for row in served.values()} == {"2025-01-04 00:10:00+00:00"}


def test_many_at_once_are_each_answered_as_if_alone(tmp_path: Path) -> None:
    parts = gateway(tmp_path, [constant("6", 0.6), constant("7", 0.7)], SPLIT)

    async def run() -> list[httpx.Response]:
        async with parts.client() as client:
            body = {"instances": [[1, 2]]}
            calls: list[Awaitable[httpx.Response]] = [
                client.post("/invocations", headers={"x-routing-key": f"k{n}"}, json=body) for n in range(100)
            ]
            return list(await asyncio.gather(*calls))

    expected = [arm_of(SPLIT, f"k{n}")["version"] for n in range(100)]
    assert [answer.headers["x-model-version"] for answer in asyncio.run(run())] == expected


def test_the_metrics_name_model_version_and_role(tmp_path: Path) -> None:
    parts = gateway(tmp_path, [constant("6", 0.6)], routes_of("6"))
    score(parts)
    text = ask(parts, ("GET", "/metrics", {}))[0].text
    labels = 'model="nba-win",role="champion",status="200",version="6"'
    assert f"gamenight_gateway_requests_total{{{labels}}} 1.0" in text
    assert "gamenight_gateway_ready 1.0" in text
