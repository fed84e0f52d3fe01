"""The commands of the stack's servers."""

from __future__ import annotations

import sys
from pathlib import Path

from deployments.stack import environment
from deployments.stack.home import Home, Record
from deployments.stack.processes import Server

ROOT = Path(__file__).resolve().parents[2]
POOL = "gamenight"


def mlflow(home: Home, record: Record) -> Server:
    """Return MLflow's server: one worker, SQLite, artifacts through its own proxy."""
    options = {
        "--backend-store-uri": home.tracking_database,
        "--artifacts-destination": str(home.artifacts),
        "--workers": "1",
        **_listen(record, "mlflow"),
    }
    return _server("mlflow", home, record, ("mlflow", "server", *_words(options)), health="/health")


def prefect(home: Home, record: Record) -> Server:
    """Return Prefect's server with its scheduler and UI."""
    command = ("prefect", "server", "start", *_words(_listen(record, "prefect")))
    return _server("prefect", home, record, command, health="/api/health")


def gateway(home: Home, record: Record, model: str) -> Server:
    """Return the gateway of one model; its token comes through the environment."""
    options = {
        "--model": model,
        "--tracking-uri": record.urls["mlflow"],
        "--store-url": home.store_url,
        "--spool": str(home.spool),
        "--cache": str(home.cache),
        **_listen(record, "gateway"),
    }
    return _server("gateway", home, record, ("blocks.serving", *_words(options)), health="/version")


def worker(home: Home, record: Record) -> Server:
    """Return the worker that runs the deployments' flows, each in a process of its own."""
    options = {"--pool": POOL, "--type": "process", "--name": "gamenight"}
    return _server("worker", home, record, ("prefect", "worker", "start", *_words(options)), health=None)


def _listen(record: Record, name: str) -> dict[str, str]:
    return {"--host": "127.0.0.1", "--port": str(record.ports[name])}


def _words(options: dict[str, str]) -> tuple[str, ...]:
    return tuple(word for option in options.items() for word in option)


def _server(name: str, home: Home, record: Record, module: tuple[str, ...], health: str | None) -> Server:
    return Server(
        name=name,
        command=(sys.executable, "-m", *module),
        environment=environment.for_a_child(variables(home, record)),
        directory=ROOT,
        health=f"{record.urls[name]}{health}" if health else None,
    )


def variables(home: Home, record: Record) -> dict[str, str]:
    """Return what every process of this stack finds in its environment."""
    return environment.stack_variables(
        prefect_home=home.prefect, mlflow=record.urls["mlflow"], prefect=record.urls["prefect"], token=record.token
    )
