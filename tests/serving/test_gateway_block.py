"""The Gateway block against a real gateway process."""

from __future__ import annotations

import socket
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr

from blocks.__main__ import platform_of, words
from blocks.catalogue.trust import DIGEST_TAG
from blocks.errors import NotFound, Refused, Unavailable
from blocks.gateway import Gateway
from blocks.platform import Platform
from blocks.store import Store
from tasks.catalogue import alert_of_refused_files
from tests.serving.conftest import MODEL, TOKEN, Process, Record, Registry, game, routes_of

pytestmark = pytest.mark.slow
NOW = datetime(2025, 1, 4, 12, tzinfo=UTC)


def test_routes_predictions_and_the_journal_go_through_the_block(
    start: Callable[..., Process], registry: Registry, tmp_path: Path
) -> None:
    store = Store(url=SecretStr(f"sqlite:///{tmp_path}/store.db"))
    store.migrate()
    process = start(store_url=store.url.get_secret_value(), ship_s=60)
    process.is_listening()
    gateway = Gateway(url=str(process.client.base_url), token=SecretStr(TOKEN))
    assert not gateway.ready()
    process.wait_until(lambda answer: "no champion" in answer.text)
    with pytest.raises(Unavailable, match="no champion"):
        gateway.predict([game()])
    champion, challenger = registry.versions["plain"], registry.versions["with_status"]
    gateway.put_routes(routes_of(champion, challenger, 40))
    process.wait_until(lambda answer: set(answer.json().get("loaded", [])) == {champion, challenger}, "/routes")
    assert gateway.ready()
    assert gateway.routes()["model"] == MODEL

    night = datetime(2025, 1, 4, 0, 10, tzinfo=UTC)
    answered = [gateway.predict([game()], key=f"g-{number}", event_time=night) for number in range(30)]
    assert {answer["role"] for answer in answered} == {"champion", "challenger"}
    assert answered == [
        {**gateway.predict([game()], key=f"g-{n}"), "request_id": answered[n]["request_id"]} for n in range(30)
    ]
    assert gateway.flush() >= 120
    kept = store.journal(MODEL, until=datetime(2025, 1, 5, tzinfo=UTC))
    assert len(kept) == 60
    assert kept.groupby("served")["request_id"].nunique().to_dict() == {True: 30, False: 30}
    assert kept["features"].iloc[0]["home_elo"] == 1560.0
    served = kept[kept["served"]].set_index("request_id")["output"]
    assert served.to_dict() == {answer["request_id"]: answer["predictions"][0] for answer in answered}


def test_errors_of_the_gateway_become_errors_of_the_house(shared: Process) -> None:
    url = str(shared.client.base_url)
    with pytest.raises(Refused, match="arms is empty"):
        Gateway(url=url, token=SecretStr(TOKEN)).put_routes({"salt": "s", "arms": [], "fallback": None})
    with pytest.raises(Refused, match="may not"):
        Gateway(url=url, token=SecretStr("wrong")).poke()
    with pytest.raises(Refused, match="token"):
        Gateway(url=url).poke()
    with pytest.raises(NotFound):
        Gateway(url=f"{url}/elsewhere").poke()


def test_nobody_at_the_address_is_unavailable_and_not_ready() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        gateway = Gateway(url=f"http://127.0.0.1:{free.getsockname()[1]}", token=SecretStr(TOKEN))
        assert not gateway.ready()
        with pytest.raises(Unavailable, match="no answer"):
            gateway.poke()


def test_a_version_that_no_route_names_answers_at_weight_0(shared: Process, registry: Registry) -> None:
    gateway = Gateway(url=str(shared.client.base_url), token=SecretStr(TOKEN))
    rows = [game(), game(home_elo=1300.0)]
    answered = gateway.try_version(registry.versions["plain"], rows)
    assert answered == pytest.approx([registry.probability(row) for row in rows])
    with pytest.raises(NotFound):
        gateway.try_version("99", rows)
    with pytest.raises(Refused, match="does not load"):
        gateway.try_version(registry.versions["unsigned"], rows)
    with pytest.raises(Refused, match="refuses these rows"):
        gateway.try_version(registry.versions["plain"], [{"home_elo": 1500.0}])
    with pytest.raises(Refused, match="may not"):
        Gateway(url=str(shared.client.base_url), token=SecretStr("wrong")).try_version("1", rows)


def test_a_version_whose_files_were_changed_is_refused_and_opens_one_alert(
    start: Callable[..., Process], record: Record, registry: Registry, tmp_path: Path
) -> None:
    from mlflow import MlflowClient

    champion, changed = registry.versions["plain"], registry.versions["with_status"]
    MlflowClient(record.uri, record.uri).set_model_version_tag(MODEL, changed, DIGEST_TAG, "0" * 64)
    world = a_platform(tmp_path, record.uri)
    process = start(tracking_uri=record.uri)
    process.is_listening()
    world = world.model_copy(update={"gateway": Gateway(url=str(process.client.base_url), token=SecretStr(TOKEN))})
    process.put_routes(routes_of(champion, changed, 40))
    process.wait_until(lambda answer: answer.json()["versions"].get(changed, {}).get("failure"))
    process.is_ready()
    assert [alert_of_refused_files(world, MODEL, NOW) for _ in range(2)] == [[changed], [changed]]
    (alert,) = (row["body"] for row in world.store.alerts(MODEL, open_only=True).to_dict("records"))
    assert (alert["type"], alert["severity"], alert["version"]) == ("tampered", "CRITICAL", changed)
    assert "register them as a new version" in alert["says"]


def test_a_gateway_that_is_not_ready_for_a_changed_champion_is_heard_too(
    start: Callable[..., Process], record: Record, registry: Registry
) -> None:
    from mlflow import MlflowClient

    champion = registry.versions["plain"]
    MlflowClient(record.uri, record.uri).set_model_version_tag(MODEL, champion, DIGEST_TAG, "0" * 64)
    process = start(tracking_uri=record.uri)
    process.is_listening()
    gateway = Gateway(url=str(process.client.base_url), token=SecretStr(TOKEN))
    assert gateway.tampered() == {}
    process.put_routes(routes_of(champion))
    process.wait_until(lambda answer: answer.json()["versions"].get(champion, {}).get("failure"))
    assert not gateway.ready()
    assert set(gateway.tampered()) == {champion}


def test_a_gateway_that_nobody_reaches_opens_no_alert(tmp_path: Path) -> None:
    world = a_platform(tmp_path, "sqlite://")
    assert alert_of_refused_files(world, MODEL, NOW) == []
    away = Gateway(url="http://127.0.0.1:9", token=SecretStr(TOKEN))
    assert alert_of_refused_files(world.model_copy(update={"gateway": away}), MODEL, NOW) == []


def a_platform(home: Path, tracking_uri: str) -> Platform:
    """Return a platform without a gateway, whose store and notices lie in a folder."""
    said = ["--tracking-uri", tracking_uri, "--store-url", f"sqlite:///{home}/store.db"]
    world = platform_of(words([*said, "--games", str(home), "--notices", str(home / "notices.jsonl")]), "")
    world.store.migrate()
    return world
