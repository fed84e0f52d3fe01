"""What the stack puts into the environment: the only place here that reads `os.environ`."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

QUIET_AND_SAFE = {
    # no outbound look-up remains with these three; the word, not 1
    "DO_NOT_TRACK": "true",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    # the server would start two task runners that nothing here uses
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_LOGGING_LEVEL": "ERROR",
    # a server that is down is said to be down within seconds, not after minutes of retries
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "90",
    # leases in memory would be lost with the server and leak their slots for ever
    "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect.server.concurrency.lease_storage.filesystem",
    "PREFECT_SERVER_DATABASE_TIMEOUT": "60",
    "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
    "PREFECT_CLI_PROMPT": "false",
    # a run starts within seconds of being asked for, not within the default 10
    "PREFECT_WORKER_QUERY_SECONDS": "2",
    # OpenMP threads of small models spin against each other
    "OMP_NUM_THREADS": "1",
    "PYTHONUNBUFFERED": "1",
}


def wants_debug() -> bool:
    """Return whether GAMENIGHT_DEBUG asks for tracebacks."""
    return os.environ.get("GAMENIGHT_DEBUG", "") not in {"", "0", "false"}


def stack_variables(*, prefect_home: Path, mlflow: str, prefect: str, token: str) -> dict[str, str]:
    """Return the variables that every process of one stack sees, this one included."""
    return {
        **QUIET_AND_SAFE,
        "PREFECT_HOME": str(prefect_home),
        "PREFECT_API_URL": f"{prefect}/api",
        "PREFECT_SERVER_DATABASE_CONNECTION_URL": f"sqlite+aiosqlite:///{prefect_home / 'prefect.db'}",
        "MLFLOW_TRACKING_URI": mlflow,
        "MLFLOW_REGISTRY_URI": mlflow,
        "GAMENIGHT_TOKEN": token,
    }


def for_a_child(variables: Mapping[str, str]) -> dict[str, str]:
    """Return a child's whole environment: ours without settings of another Prefect or MLflow, then `variables`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "MLFLOW_"))}
    return {**kept, **variables}


@contextlib.contextmanager
def applied(variables: Mapping[str, str]) -> Iterator[None]:
    """Set the variables in this process, and put back what stood before."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def foreign_settings() -> dict[str, str]:
    """Return the settings of another Prefect or MLflow that stand in the caller's environment."""
    named = ("PREFECT_API_URL", "PREFECT_HOME", "PREFECT_PROFILE", "MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI")
    return {name: os.environ[name] for name in named if name in os.environ}


def ports(names: Sequence[str], usual: Mapping[str, int]) -> dict[str, int]:
    """Return a free port of the loopback address for each name, its usual one where that is free."""
    with contextlib.ExitStack() as held:
        return {name: _bound(held.enter_context(socket.socket()), usual.get(name, 0)) for name in names}


def _bound(one: socket.socket, port: int) -> int:
    # as the servers bind: an address whose old connections still linger counts as free
    one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        one.bind(("127.0.0.1", port))
    except OSError:
        one.bind(("127.0.0.1", 0))
    return int(one.getsockname()[1])
