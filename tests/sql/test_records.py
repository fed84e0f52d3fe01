"""Alerts, reports and the journal."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr

from blocks.errors import Refused
from blocks.store import Store
from tests.postgres import PostgresServer

AT = datetime(2019, 1, 6, 12, tzinfo=UTC)
ALERT: dict[str, object] = {
    "key": "m/1/feature_drift/home_rest",
    "model": "m",
    "version": "1",
    "type": "feature_drift",
    "subject": "home_rest",
    "severity": "WARNING",
    "state": "open",
    "opened_at": AT,
    "evidence": {"ks": 0.3},
}
LINE: dict[str, object] = {
    "model": "m", "request_id": "r1", "key": "g1", "version": "1", "role": "champion", "served": True,
    "features": {"home_elo": 1500.0}, "output": 0.61, "latency_ms": 1.5, "at": AT,
}  # fmt: skip


def test_an_alert_is_one_row_at_its_latest_state(store: Store) -> None:
    store.save_alert(ALERT)
    store.save_alert({**ALERT, "state": "resolved", "resolved_at": AT + timedelta(days=1)})
    [alert] = store.alerts("m").to_dict("records")
    assert alert["state"] == "resolved"
    assert alert["body"]["evidence"] == {"ks": 0.3}
    assert store.alerts("m", open_only=True).empty


def test_an_alert_that_lacks_its_type_is_refused_by_name(store: Store) -> None:
    with pytest.raises(Refused, match="lacks type"):
        store.save_alert({**ALERT, "type": None})


def test_a_report_is_kept_once(store: Store) -> None:
    report = {"model": "m", "kind": "monitor", "at": AT, "verdict": "PASS", "drifted": ["home_rest"]}
    assert store.save_report(report)
    assert not store.save_report(report)
    assert store.save_report({**report, "at": AT + timedelta(days=1)})
    assert [body["drifted"] for body in store.reports("m")["body"]] == [["home_rest"], ["home_rest"]]
    assert store.reports("m", limit=1)["at"].tolist() == [AT + timedelta(days=1)]
    assert store.reports("m", kind="gates").empty


def test_a_line_shipped_twice_is_kept_once(store: Store) -> None:
    assert store.ship_journal([LINE, {**LINE, "version": "2", "role": "shadow", "served": False}]) == 2
    assert store.ship_journal([LINE, {**LINE, "request_id": "r2"}]) == 1
    assert store.ship_journal([]) == 0
    assert store.journal("m")["request_id"].tolist() == ["r1", "r1", "r2"]


def test_the_journal_is_read_by_event_time(store: Store) -> None:
    replayed = AT - timedelta(days=300)
    store.ship_journal([LINE, {**LINE, "request_id": "r2", "event_time": replayed, "error": "late", "output": None}])
    frame = store.journal("m")
    assert frame["request_id"].tolist() == ["r2", "r1"]
    assert frame["event_time"].tolist() == [replayed, AT]
    assert frame["output"].tolist() == [None, 0.61]
    assert store.journal("m", limit=1)["request_id"].tolist() == ["r1"]
    assert store.journal("m", until=AT)["error"].tolist() == ["late"]


def test_any_text_survives_the_way_into_the_journal(store: Store) -> None:
    odd = 'tab\t newline\n backslash\\N quote\' {"a": 1} \u2603'
    store.ship_journal([{**LINE, "key": odd, "features": {odd: odd, "gone": float("nan")}, "output": [0.5, None]}])
    [row] = store.journal("m").to_dict("records")
    assert (row["key"], row["features"], row["output"]) == (odd, {odd: odd, "gone": None}, [0.5, None])


@pytest.mark.slow
def test_a_line_that_postgresql_cannot_keep_is_refused_with_all_of_its_call(postgres: PostgresServer) -> None:
    store = Store(url=SecretStr(postgres.new_database()))
    store.migrate()
    with pytest.raises(Refused, match="ship the journal"):
        store.ship_journal([LINE, {**LINE, "request_id": "r2", "key": "nul\x00"}])
    assert store.journal("m").empty
    assert store.ship_journal([LINE]) == 1
