"""The gateway as a process of its own, over HTTP, against a real registry."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

import pandas as pd
import pytest

from tests.serving.conftest import COLUMNS, MODEL, OPERATOR, Process, Registry, game, routes_of

pytestmark = pytest.mark.slow
Start = Callable[..., Process]


def test_the_scoring_client_of_mlflow_is_answered_with_the_models_own_probability(
    start: Start, registry: Registry
) -> None:
    from mlflow.pyfunc.scoring_server.client import ScoringServerClient

    process = start()
    process.is_listening()
    process.put_routes(routes_of(registry.versions["plain"]))
    process.is_ready()
    client = ScoringServerClient("127.0.0.1", urlsplit(str(process.client.base_url)).port)
    client.wait_server_ready()
    rows = pd.DataFrame([game(), game(home_elo=1400)])
    answer = client.invoke(rows).get_predictions("ndarray")
    assert client.get_version()[0].isdigit()
    assert answer.tolist() == pytest.approx([registry.probability(row) for row in rows.to_dict("records")], abs=1e-12)


def test_an_empty_registry_is_not_ready_and_the_process_stays(start: Start, tmp_path: object) -> None:
    process = start(tracking_uri=f"sqlite:///{tmp_path}/empty.db")
    process.is_listening()
    answer = process.client.get("/ping")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    scored = process.client.post("/invocations", json={"dataframe_records": [game()]})
    assert scored.status_code == 503
    assert process.stop() == 0


def test_text_columns_reach_a_version_that_reads_them(start: Start, registry: Registry) -> None:
    process = start()
    process.is_listening()
    process.put_routes(routes_of(registry.versions["with_status"]))
    process.is_ready()
    first, second = (
        process.client.post("/invocations", json={"dataframe_records": [game(status=status)]}).json()["predictions"][0]
        for status in ("final", "scheduled")
    )
    assert 0 < first < 1
    assert first != second


def test_a_version_without_a_signature_is_named_as_the_reason(start: Start, registry: Registry) -> None:
    process = start()
    process.is_listening()
    assert process.put_routes(routes_of(registry.versions["unsigned"])).status_code == 202
    report = process.wait_until(lambda answer: "signature" in answer.text)
    assert "no signature" in report["reason"]


def test_an_instance_is_rows_by_position(start: Start, registry: Registry) -> None:
    process = start()
    process.is_listening()
    process.put_routes(routes_of(registry.versions["plain"]))
    process.is_ready()
    row = game()
    answer = process.client.post(
        f"/endpoints/{MODEL}/invocations", json={"instances": [[row[name] for name in COLUMNS]]}, headers=OPERATOR
    )
    assert answer.json()["predictions"] == pytest.approx([registry.probability(row)])
