"""The same kills on MLflow's REST server, and with MLflow and the store in PostgreSQL."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from faults.invariants import broken_at_rest, see
from faults.killing import When, in_child, start
from faults.plans import PLANS, Plan
from faults.rehearsal import spread
from faults.server import Server
from faults.serving import mlflow_server
from faults.world import Step, World

from blocks.errors import Conflict, Unavailable
from tests.postgres import PostgresServer, postgres_or_skip

FEW, MANY = 2, 60


@pytest.fixture(scope="module")
def rest(model_folders: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Run MLflow's server."""
    folder = tmp_path_factory.mktemp("rest")
    with mlflow_server(folder / "server") as address:
        yield Server(folder, address, model_folders)


@pytest.fixture(scope="module")
def postgres_server() -> Iterator[PostgresServer]:
    """Run PostgreSQL."""
    yield from postgres_or_skip()


@pytest.fixture(scope="module")
def postgres(postgres_server: PostgresServer, model_folders: Path, tmp_path_factory: pytest.TempPathFactory) -> Server:
    """Return MLflow's tables and the store in two databases."""
    store = postgres_server.new_database()
    return Server(tmp_path_factory.mktemp("postgres"), postgres_server.new_database(), model_folders, store)


@pytest.fixture(params=["rest", "postgres"])
def server(request: pytest.FixtureRequest) -> Server:
    """Return each server in turn."""
    found: Server = request.getfixturevalue(request.param)
    return found


def _none_bends(server: Server, plan: Plan, most: int) -> None:
    end, writes = server.unkilled(plan)
    whens: tuple[When, When] = ("before", "after")
    points = spread([(number, when) for number in range(1, len(writes) + 1) for when in whens], most)
    bent = [said for number, when in points if (said := server.bent(plan, end, number, when))]
    sys.stdout.write(f"\n{len(points)} kills at {server.tracking_uri.partition(':')[0]}\n")
    assert not bent


@pytest.mark.slow
@pytest.mark.long
def test_a_kill_at_some_writes_bends_nothing(server: Server) -> None:
    _none_bends(server, PLANS["fails in the bake"], FEW)


@pytest.mark.slow
@pytest.mark.whole
@pytest.mark.parametrize("name", ["fails in the bake", "all pass", "restore", "supersede"])
def test_a_kill_at_many_writes_bends_nothing(server: Server, name: str) -> None:
    _none_bends(server, PLANS[name], MANY)


def _again(world: World, step: Step, late: timedelta) -> None:
    for _ in range(20):
        try:
            world.perform(step, late)
        except (Unavailable, Conflict):
            continue
        return
    raise AssertionError(f"{step} never came through")


@pytest.mark.slow
@pytest.mark.long
def test_three_processes_at_once_are_as_good_as_one(rest: Server) -> None:
    _three_are_one(rest)


@pytest.mark.slow
@pytest.mark.whole
def test_three_processes_at_once_are_as_good_as_one_in_postgresql(postgres: Server) -> None:
    _three_are_one(postgres)


def _three_are_one(server: Server) -> None:
    plan = PLANS["fails in the bake"]
    alone, _ = server.unkilled(plan)
    world = server.world(plan)
    for step in plan.steps:
        several = 3 if step.name in ("tick", "release") else 1
        late = [timedelta(seconds=number) for number in range(several)]
        for child in [start(lambda by=by, step=step: _again(world, step, by)) for by in late]:  # type: ignore[misc]
            child.result()
    assert in_child(lambda: broken_at_rest(see(world))) == []
    events = in_child(lambda: [[event.type.value for event in one.events] for one in see(world).rollouts])
    rollouts = alone["rollouts"]
    assert isinstance(rollouts, list)
    assert events == [[event["type"] for event in rollout] for rollout in rollouts]
