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
    shared: Process, registry: Registry
) -> None:
    from mlflow.pyfunc.scoring_server.client import ScoringServerClient

    shared.serve(routes_of(registry.versions["plain"]))
    client = ScoringServerClient("127.0.0.1", urlsplit(str(shared.client.base_url)).port)
    client.wait_server_ready()
    games = [game(), game(home_elo=1400)]
    rows = pd.DataFrame(games)
    answer = client.invoke(rows).get_predictions("ndarray")
    assert client.get_version()[0].isdigit()
    assert answer.tolist() == pytest.approx([registry.probability(row) for row in games], abs=1e-12)


def test_an_empty_registry_is_not_ready_and_the_process_stays(start: Start, tmp_path: object) -> None:
    process = start(tracking_uri=f"sqlite:///{tmp_path}/empty.db")
    process.is_listening()
    answer = process.client.get("/ping")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    scored = process.client.post("/invocations", json={"dataframe_records": [game()]})
    assert scored.status_code == 503
    assert process.stop() == 0


def test_text_columns_reach_a_version_that_reads_them(shared: Process, registry: Registry) -> None:
    shared.serve(routes_of(registry.versions["with_status"]))
    first, second = (
        shared.client.post("/invocations", json={"dataframe_records": [game(status=status)]}).json()["predictions"][0]
        for status in ("final", "scheduled")
    )
    assert 0 < first < 1
    assert first != second


def test_a_version_without_a_signature_is_named_as_the_reason(shared: Process, registry: Registry) -> None:
    unsigned = registry.versions["unsigned"]
    assert shared.put_routes(routes_of(unsigned)).status_code == 202
    report = shared.wait_until(lambda answer: "signature" in answer.text)
    assert "no signature" in report["versions"][unsigned]["failure"]


def test_an_instance_is_rows_by_position(shared: Process, registry: Registry) -> None:
    shared.serve(routes_of(registry.versions["plain"]))
    row = game()
    answer = shared.client.post(
        f"/endpoints/{MODEL}/invocations", json={"instances": [[row[name] for name in COLUMNS]]}, headers=OPERATOR
    )
    assert answer.json()["predictions"] == pytest.approx([registry.probability(row)])


def test_a_challenger_that_raises_or_answers_the_impossible_never_reaches_a_client(
    shared: Process, registry: Registry
) -> None:
    champion, challenger = registry.versions["plain"], registry.versions["faulty"]
    shared.serve(routes_of(champion, challenger, 100))
    seen = []
    for rest in (2, 90, 91, 2):
        answer = shared.client.post("/invocations", json={"dataframe_records": [game(home_rest=rest)]})
        assert answer.status_code == 200
        seen.append((answer.headers["x-model-version"], answer.json()["predictions"][0] == 0.25))
    assert seen == [(challenger, True), (champion, False), (champion, False), (champion, False)]
    assert shared.client.get("/health").json()["versions"][challenger]["breaker"] == "open"
