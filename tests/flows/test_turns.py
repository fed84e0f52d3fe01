"""One tick per model at a time, on a real Prefect server; without one, ticks go on all the same."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from prefect.client.orchestration import get_client
from prefect.settings import PREFECT_API_URL
from prefect.testing.utilities import prefect_test_harness

from tasks.turns import in_turn, limit_of

ROOT = Path(__file__).parents[2]
TICK = """
import json, sys, time
from prefect import flow
from tasks.turns import in_turn

@flow(name="a-tick")
def tick(model: str) -> None:
    with in_turn(model):
        print(json.dumps([model, "in", time.time()]), flush=True)
        time.sleep(1.5)
        print(json.dumps([model, "out", time.time()]), flush=True)

tick(sys.argv[1])
"""


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """Run a Prefect server and return its address."""
    with prefect_test_harness(server_startup_timeout=120):
        yield str(PREFECT_API_URL.value())


def _at_once(server: str, *models: str) -> list[tuple[float, float]]:
    """Tick several models in processes at the same time and return when each was inside its turn."""
    environment = os.environ | {"PREFECT_API_URL": server, "PYTHONPATH": str(ROOT)}
    environment |= {"PREFECT_LOGGING_LEVEL": "ERROR", "DO_NOT_TRACK": "true"}
    words = [sys.executable, "-c", TICK]
    children = [
        subprocess.Popen([*words, model], stdout=subprocess.PIPE, env=environment, cwd=ROOT, text=True)
        for model in models
    ]
    told = [child.communicate(timeout=120)[0] for child in children]
    assert [child.returncode for child in children] == [0] * len(children)
    times = [[json.loads(line)[2] for line in said.splitlines() if line.startswith("[")] for said in told]
    return sorted((found[0], found[1]) for found in times)


@pytest.mark.slow
def test_two_ticks_of_one_model_take_turns_of_a_limit_that_they_make_themselves(server: str) -> None:
    (_, first_out), (second_in, _) = _at_once(server, "nba-win", "nba-win")
    assert second_in >= first_out
    with get_client(sync_client=True) as client:
        made = client.read_global_concurrency_limit_by_name(limit_of("nba-win"))
    assert (made.limit, made.active_slots) == (1, 0)


def test_outside_a_flow_run_there_is_no_turn_to_wait_for() -> None:
    started = time.perf_counter()
    with in_turn("nba-win"), in_turn("nba-win"):
        pass
    assert time.perf_counter() - started < 1
