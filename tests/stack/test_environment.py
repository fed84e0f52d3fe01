"""What the stack's processes find in their environment."""

from __future__ import annotations

import contextlib
import os
import socket
from pathlib import Path

import pytest

from deployments.stack import environment

VARIABLES = environment.stack_variables(
    prefect_home=Path("/home/prefect"), mlflow="http://127.0.0.1:5000", prefect="http://127.0.0.1:4200", token="t"
)


def test_nothing_calls_home() -> None:
    assert VARIABLES["DO_NOT_TRACK"] == "true"
    assert VARIABLES["PREFECT_SERVER_ANALYTICS_ENABLED"] == "false"
    assert VARIABLES["MLFLOW_DISABLE_TELEMETRY"] == "true"


def test_a_child_sees_this_stack_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_API_URL", "http://elsewhere/api")
    monkeypatch.setenv("PREFECT_API_KEY", "theirs")
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "theirs")
    monkeypatch.setenv("LANG", "C.UTF-8")
    child = environment.for_a_child(VARIABLES)
    assert child["PREFECT_API_URL"] == "http://127.0.0.1:4200/api"
    assert child["LANG"] == "C.UTF-8"
    assert not {"PREFECT_API_KEY", "MLFLOW_TRACKING_TOKEN"} & child.keys()
    assert set(environment.foreign_settings()) == {"PREFECT_API_URL"}


def test_this_process_is_left_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_API_URL", "http://elsewhere/api")
    monkeypatch.delenv("GAMENIGHT_TOKEN", raising=False)
    with contextlib.suppress(ZeroDivisionError), environment.applied(VARIABLES):
        assert os.environ["PREFECT_API_URL"] == "http://127.0.0.1:4200/api"
        assert os.environ["GAMENIGHT_TOKEN"] == "t"
        raise ZeroDivisionError
    assert os.environ["PREFECT_API_URL"] == "http://elsewhere/api"
    assert "GAMENIGHT_TOKEN" not in os.environ


def test_ports_are_free_and_different() -> None:
    ports = environment.ports(["a", "b", "c"], {})
    assert len(set(ports.values())) == 3
    for port in ports.values():
        with socket.socket() as one:
            one.bind(("127.0.0.1", port))


def test_a_usual_port_is_taken_only_where_it_is_free() -> None:
    with socket.socket() as busy, socket.socket() as probe:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        probe.bind(("127.0.0.1", 0))
        taken, free = busy.getsockname()[1], probe.getsockname()[1]
        probe.close()
        ports = environment.ports(["a", "b"], {"a": taken, "b": free})
    assert ports["a"] != taken
    assert ports["b"] == free
