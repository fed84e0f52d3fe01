"""A gateway process that follows a real rollout log, and what it leaves when it is killed."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from blocks.serving.router import arm_of
from blocks.store import Store
from tests.serving.conftest import MODEL, Process, Record, Registry, game, routes_of

pytestmark = pytest.mark.slow
Start = Callable[..., Process]


def served_by(process: Process, key: str) -> str:
    """Return the version that answers a key."""
    answer = process.client.post("/invocations", json={"dataframe_records": [game()]}, headers={"x-routing-key": key})
    assert answer.status_code == 200, answer.text
    return str(answer.headers["x-model-version"])


def test_the_log_is_followed_and_a_restart_after_a_kill_serves_its_champion(
    start: Start, registry: Registry, record: Record, tmp_path: Path
) -> None:
    champion, challenger = registry.versions["plain"], registry.versions["with_status"]
    routes = routes_of(champion, challenger, 50)
    process = start(tracking_uri=record.uri, folder=tmp_path / "gateway")
    process.wait_until(lambda answer: "no champion" in answer.text)
    record.append(routes)
    process.wait_until(lambda answer: len(answer.json().get("loaded", [])) == 2, "/routes")
    keys = [f"g-{number}" for number in range(20)]
    assert [served_by(process, key) for key in keys] == [arm_of(routes, key)["version"] for key in keys]

    record.append(routes_of(champion))
    theirs = next(key for key in keys if arm_of(routes, key)["version"] == challenger)
    end = time.monotonic() + 5
    while served_by(process, theirs) != champion:
        assert time.monotonic() < end
    process.stop(signal.SIGKILL)

    again = start(tracking_uri=record.uri, folder=tmp_path / "gateway")
    again.is_ready()
    assert {served_by(again, key) for key in keys} == {champion}
    assert again.stop() == 0


@pytest.mark.parametrize("by", [signal.SIGKILL, signal.SIGTERM])
def test_nothing_that_was_answered_is_lost_however_the_process_ends(
    start: Start, registry: Registry, record: Record, tmp_path: Path, by: int
) -> None:
    store = Store(url=SecretStr(f"sqlite:///{tmp_path}/store.db"))
    store.migrate()
    url = store.url.get_secret_value()
    record.append(routes_of(registry.versions["plain"]))
    process = start(tracking_uri=record.uri, folder=tmp_path / "gateway", store_url=url, ship_s=0.2)
    process.is_ready()
    answered: list[str] = []
    torn: list[str] = []

    def hammer() -> None:
        with httpx.Client(base_url=process.client.base_url) as client:
            while True:
                try:
                    answer = client.post("/invocations", json={"dataframe_records": [game()]})
                except httpx.TransportError:
                    return
                if answer.status_code == 200 and len(answer.json()["predictions"]) == 1:
                    answered.append(answer.headers["x-request-id"])
                elif answer.status_code != 503:
                    torn.append(answer.text)

    threads = [threading.Thread(target=hammer) for _ in range(4)]
    for thread in threads:
        thread.start()
    end = time.monotonic() + 20
    while len(answered) < 300:
        assert time.monotonic() < end
        time.sleep(0.01)
    status = process.stop(by)
    for thread in threads:
        thread.join(10)
    assert torn == []
    if by != signal.SIGKILL:
        assert status == 0
        assert list((tmp_path / "gateway" / "spool").iterdir()) == []
    else:
        heir = start(tracking_uri=record.uri, folder=tmp_path / "gateway", store_url=url, ship_s=0.2)
        heir.is_ready()
        heir.wait_until(lambda _: len(list((tmp_path / "gateway" / "spool").glob("*.ndjson"))) == 1)
        assert heir.stop(signal.SIGINT) == 0
    assert set(answered) <= set(store.journal(MODEL)["request_id"])


def test_a_store_that_is_away_is_not_noticed_by_clients(
    start: Start, registry: Registry, record: Record, tmp_path: Path
) -> None:
    record.append(routes_of(registry.versions["plain"]))
    url = f"sqlite:///{tmp_path}/nowhere/store.db"
    process = start(tracking_uri=record.uri, folder=tmp_path / "gateway", store_url=url, ship_s=0.1)
    process.is_ready()
    served_by(process, "g-1")
    report = process.wait_until(lambda answer: answer.json()["journal"]["store_failure"] is not None)
    assert report["ready"]
    assert process.stop() == 0
    assert len(list((tmp_path / "gateway" / "spool").glob("*.ndjson"))) == 1


def test_a_port_that_is_taken_is_said_and_leaves_no_process(start: Start, registry: Registry, tmp_path: Path) -> None:
    first = start()
    first.is_listening()
    second = start(folder=tmp_path / "second", port=first.client.base_url.port)
    assert second.popen.wait(30) not in (0, None)
    assert "address already in use" in (tmp_path / "second" / "log").read_text()
