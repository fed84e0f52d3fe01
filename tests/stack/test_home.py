"""One stack a home: the lock, the record, and what a dead stack leaves."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from blocks.errors import Refused
from deployments.stack.home import Home, Record
from deployments.stack.stack import attach
from tasks.rollout.refusal import BadInput

HOLDER = """
import sys, time
from deployments.stack.home import Home, Record
import os
home = Home.at(sys.argv[1])
home.prepare()
with home.held():
    urls = {"mlflow": "http://127.0.0.1:1", "prefect": "http://127.0.0.1:2"}
    home.write(Record(os.getpid(), time.time(), ready=True, token="t", urls=urls))
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home.at(tmp_path / "home")
    made.prepare()
    return made


@pytest.fixture
def holder(home: Home) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen([sys.executable, "-c", HOLDER, str(home.root)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_a_second_stack_in_a_home_is_refused_by_the_pid_that_holds_it(
    home: Home, holder: subprocess.Popen[str]
) -> None:
    with pytest.raises(Refused, match=f"process {holder.pid}.*gamenight down"), home.held():
        pass


def test_a_live_stack_is_found_by_its_record(home: Home, holder: subprocess.Popen[str]) -> None:
    found = attach(home.root)
    assert found is not None
    assert found.urls.prefect_api == "http://127.0.0.1:2/api"
    assert found.variables["MLFLOW_TRACKING_URI"] == "http://127.0.0.1:1"


def test_what_a_killed_stack_left_is_healed(home: Home, holder: subprocess.Popen[str]) -> None:
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    assert home.record() is not None
    assert attach(home.root) is None
    assert home.record() is None
    with home.held():
        pass


def test_a_stack_that_is_still_starting_is_not_attached_to(home: Home) -> None:
    with home.held():
        home.write(Record(os.getpid(), 0.0, urls={"mlflow": "m", "prefect": "p"}))
        assert attach(home.root) is None
        assert home.record() is not None


def test_a_home_is_free_again_after_an_error(home: Home) -> None:
    with pytest.raises(ZeroDivisionError), home.held():
        raise ZeroDivisionError
    with home.held():
        pass


def test_only_the_owner_may_read_the_record_because_it_holds_the_token(home: Home) -> None:
    home.write(Record(1, 0.0, token="secret"))
    assert home.record_path.stat().st_mode & 0o077 == 0


def test_a_torn_record_is_no_record(home: Home) -> None:
    home.record_path.write_text('{"pid": 1')
    assert home.record() is None


def test_asking_about_a_home_that_is_not_there_makes_nothing(tmp_path: Path) -> None:
    assert attach(tmp_path / "none") is None
    assert not (tmp_path / "none").exists()


def test_a_home_that_is_a_file_is_bad_input(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput, match="name a folder"):
        Home.at(tmp_path / "file").prepare()


def test_a_home_whose_name_breaks_a_database_address_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="choose another"):
        Home.at(tmp_path / "what?").prepare()
    assert not (tmp_path / "what?").exists()


def test_a_relative_home_stays_where_it_was_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    home = Home.at(".gamenight")
    monkeypatch.chdir("/")
    assert home.root == tmp_path / ".gamenight"
