"""The routes over HTTP: read by anyone, changed by the operator, undone by the record."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.serving.conftest import MODEL, OPERATOR, routes_of
from tests.serving.parts import constant, gateway
from tests.serving.test_app import SPLIT, ask, keys_of, score


def test_routes_that_are_put_are_in_force_before_the_answer(tmp_path: Path) -> None:
    parts = gateway(tmp_path, [constant("6", 0.6), constant("7", 0.7)], SPLIT)
    key = keys_of("7", 1)[0]
    back = {"json": {"model": MODEL, **routes_of("6")}, "headers": OPERATOR}
    put, seen = ask(parts, ("PUT", "/routes", back), ("GET", "/routes", {}))
    assert (put.status_code, put.json()["in_force"]) == (200, True)
    assert seen.json() == {"model": MODEL, **routes_of("6"), "loaded": ["6"]}
    assert score(parts, key=key).headers["x-model-version"] == "6"


def test_routes_whose_champion_is_not_loaded_wait_and_what_stands_stands(tmp_path: Path) -> None:
    parts = gateway(tmp_path, [constant("6", 0.6)], routes_of("6"))
    put = ask(parts, ("PUT", "/routes", {"json": routes_of("9"), "headers": OPERATOR}))[0]
    assert (put.status_code, put.json()["in_force"]) == (202, False)
    assert score(parts).headers["x-model-version"] == "6"


def test_an_empty_put_has_the_record_read(tmp_path: Path) -> None:
    record: dict[str, Any] = {"routes": SPLIT}
    parts = gateway(tmp_path, [constant("6", 0.6), constant("7", 0.7)], SPLIT)
    parts.watcher.read = lambda: record
    parts.watcher.start()
    record["routes"] = routes_of("6")
    assert ask(parts, ("PUT", "/routes", {"headers": OPERATOR}))[0].status_code == 202
    _wait(lambda: parts.watcher.table is not None and parts.watcher.table.routes == routes_of("6"))
    parts.watcher.stop()


def test_without_a_champion_it_is_not_ready_and_says_why(tmp_path: Path) -> None:
    parts = gateway(tmp_path, [], None)
    ping, scored, routes = ask(
        parts, ("GET", "/ping", {}), ("POST", "/invocations", {"json": {"instances": [[1, 2]]}}), ("GET", "/routes", {})
    )
    for answer in (ping, scored, routes):
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "1"
        assert "no champion" in answer.json()["reason"]


def _wait(claim: Callable[[], bool]) -> None:
    end = time.monotonic() + 5
    while not claim():
        assert time.monotonic() < end
        time.sleep(0.005)
