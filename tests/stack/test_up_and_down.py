"""The whole stack through the installed command: a scheduled run, a run asked for over the API, and a clean end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx
import psutil
import pytest

from deployments.stack.stack import attach

pytestmark = pytest.mark.slow

T = TypeVar("T")
ROOT = Path(__file__).resolve().parents[2]
ENDED = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}


@dataclass(frozen=True, slots=True)
class Up:
    """A stack that `gamenight up --detach` has left in the background."""

    home: Path
    answer: dict[str, Any]

    @property
    def prefect(self) -> httpx.Client:
        """A client of Prefect's REST API."""
        return httpx.Client(base_url=f"{self.answer['urls']['prefect']}/api", trust_env=False, timeout=30)


def gamenight(*words: str) -> subprocess.CompletedProcess[str]:
    """Run the installed command."""
    command = Path(sys.executable).parent / "gamenight"
    return subprocess.run([command, *words], capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    home = tmp_path_factory.mktemp("stack") / "home"
    started = gamenight("up", "--detach", "--json", "--home", str(home))
    assert started.returncode == 0, started.stderr
    yield Up(home, json.loads(started.stdout))
    gamenight("down", "--home", str(home))


def test_the_addresses_answer(up: Up) -> None:
    urls = up.answer["urls"]
    for address in (f"{urls['prefect']}/", f"{urls['mlflow']}/", f"{urls['gateway']}/version"):
        assert httpx.get(address, trust_env=False, follow_redirects=True).status_code == 200


def test_a_run_asked_for_over_the_api_completes(up: Up) -> None:
    """Asked twice with one key it runs once: that is what makes it safe to ask again when the server is busy."""
    with up.prefect as prefect:
        deployment = _deployment(prefect)
        first = _until(lambda: _asked_once(prefect, deployment["id"]), seconds=30)
        again = _until(lambda: _asked_once(prefect, deployment["id"]), seconds=30)
        assert again["id"] == first["id"]
        run = _until(lambda: _ended(prefect.get(f"/flow_runs/{first['id']}").json()), seconds=90)
    assert run["state_type"] == "COMPLETED", run["state"]


def test_a_schedule_fires_and_its_run_completes(up: Up) -> None:
    """An SQLAlchemy outside its pin deploys without a word, and no run is ever created."""
    with up.prefect as prefect:
        deployment = _deployment(prefect)
        every = {"schedule": {"interval": 15}, "active": True, "slug": "soon"}
        made = prefect.post(f"/deployments/{deployment['id']}/schedules", json=[every])
        assert made.is_success, made.text
        run = _until(lambda: _first_scheduled(prefect, deployment["id"]), seconds=120)
        prefect.delete(f"/deployments/{deployment['id']}/schedules/{made.json()[0]['id']}")
    assert run["state_type"] == "COMPLETED", run["state"]


def test_a_bad_parameter_is_refused_before_a_run_exists(up: Up) -> None:
    with up.prefect as prefect:
        deployment = _deployment(prefect)
        body = {"parameters": {"platform": ["local"]}, "state": {"type": "SCHEDULED"}}
        refused = prefect.post(f"/deployments/{deployment['id']}/create_flow_run", json=body)
    assert refused.status_code == 409


def test_every_deployment_has_a_form_with_help(up: Up) -> None:
    with up.prefect as prefect:
        deployed = prefect.post("/deployments/filter", json={}).json()
    assert len(deployed) >= 11
    for one in deployed:
        fields = one["parameter_openapi_schema"]["properties"]
        assert all(field.get("description") for field in fields.values()), one["entrypoint"]


def test_a_second_stack_in_the_home_is_refused_by_name_of_the_first(up: Up) -> None:
    refused = gamenight("up", "--home", str(up.home))
    assert refused.returncode == 2
    assert f"process {up.answer['pids']['supervisor']}" in refused.stderr
    assert gamenight("up", "--detach", "--json", "--home", str(up.home)).returncode == 0


def test_the_doctor_finds_everything_up(up: Up) -> None:
    asked = gamenight("doctor", "--json", "--home", str(up.home))
    found = {one["subject"]: one["condition"] for one in json.loads(asked.stdout)["findings"]}
    assert asked.returncode == 0, found
    assert {found[name] for name in ("mlflow", "prefect", "platform", "deployments", "worker")} == {"fine"}


def test_a_server_that_dies_is_started_again_at_its_address(up: Up) -> None:
    died = up.answer["pids"]["gateway"]
    os.kill(died, signal.SIGKILL)
    address = f"{up.answer['urls']['gateway']}/version"
    _until(lambda: not psutil.pid_exists(died) or None, seconds=10)
    assert _until(lambda: _answers(address), seconds=60)


def test_down_leaves_no_process(up: Up) -> None:
    family = psutil.Process(up.answer["pids"]["supervisor"]).children(recursive=True)
    assert len(family) >= 8
    done = gamenight("down", "--json", "--home", str(up.home))
    assert json.loads(done.stdout) == {**json.loads(done.stdout), "stopped": True}, done.stderr
    assert not psutil.wait_procs(family, timeout=5)[1]
    again = gamenight("down", "--json", "--home", str(up.home))
    assert (again.returncode, json.loads(again.stdout)["stopped"]) == (0, False)


HOLD = """
import sys, time
from deployments.stack.supervisor import Wanted, start_stack
with start_stack(sys.argv[1], Wanted(gateway=False)):
    print("up", flush=True)
    time.sleep(600)
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT], ids=lambda one: one.name)
def test_a_stack_that_is_stopped_by_a_signal_leaves_no_process(up: Up, number: signal.Signals) -> None:
    """Last in this file, each in the home that the tests above have used and left."""
    held = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(up.home)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert held.stdout is not None
    with held, held.stdout:
        assert held.stdout.readline() == "up\n"
        assert attach(up.home) is not None
        family = psutil.Process(held.pid).children(recursive=True)
        held.send_signal(number)
    assert len(family) >= 5
    assert not psutil.wait_procs(family, timeout=30)[1]
    assert attach(up.home) is None


def _deployment(prefect: httpx.Client) -> dict[str, Any]:
    found: dict[str, Any] = prefect.get("/deployments/name/settle/nba-win").raise_for_status().json()
    return found


def _asked_once(prefect: httpx.Client, deployment: str) -> dict[str, Any] | None:
    """Return the run, or None where the server was too busy to answer; anything else that it refuses is an error."""
    asked = {"name": "by hand", "state": {"type": "SCHEDULED"}, "idempotency_key": "once"}
    answer = prefect.post(f"/deployments/{deployment}/create_flow_run", json=asked)
    assert answer.is_success or answer.status_code >= 500, answer.text
    found: dict[str, Any] | None = answer.json() if answer.is_success else None
    return found


def _ended(run: dict[str, Any]) -> dict[str, Any] | None:
    return run if run["state_type"] in ENDED else None


def _first_scheduled(prefect: httpx.Client, deployment: str) -> dict[str, Any] | None:
    # one that comes while another runs is cancelled, as the deployment's limit says, and proves nothing
    states = {"type": {"any_": sorted(ENDED - {"CANCELLED"})}}
    wanted = {"flow_runs": {"deployment_id": {"any_": [deployment]}, "state": states}}
    runs = prefect.post("/flow_runs/filter", json=wanted).json()
    return next((run for run in runs if run["auto_scheduled"]), None)


def _answers(address: str) -> bool | None:
    try:
        return httpx.get(address, trust_env=False).is_success or None
    except httpx.TransportError:
        return None


def _until(ask: Callable[[], T | None], seconds: float) -> T:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if (answer := ask()) is not None:
            return answer
        time.sleep(0.2)
    raise AssertionError(f"not within {seconds} s")
