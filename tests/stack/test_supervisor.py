"""The supervisor starts again what dies, stops in reverse, and touches nothing of a home that another stack has."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from blocks.errors import Refused, Unavailable
from deployments.stack.home import Home
from deployments.stack.processes import Server
from deployments.stack.supervisor import Supervisor, Wanted, supervised
from tasks.rollout.refusal import BadInput

SIGNS_OFF = """
import pathlib, signal, sys, time
def leave(*_):
    with open(sys.argv[1], "a") as book:
        book.write(sys.argv[2] + " ")
    raise SystemExit(0)
signal.signal(signal.SIGTERM, leave)
pathlib.Path(sys.argv[1] + "." + sys.argv[2]).touch()
time.sleep(60)
"""


@dataclass(slots=True)
class Small:
    """A supervisor of small servers in a held home, and what it said."""

    home: Home
    supervisor: Supervisor
    said: list[str] = field(default_factory=list)

    def add(self, name: str, code: str, *words: str) -> None:
        """Start one more small server."""
        command = (sys.executable, "-c", code, *words)
        self.supervisor.add(Server(name, command, dict(os.environ), self.home.root, grace=5))


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Small]:
    home = Home.at(tmp_path / "home")
    home.prepare()
    said: list[str] = []
    with home.held() as lock:
        made = Small(home, Supervisor(home, Wanted(gateway=False, progress=said.append), lock), said)
        yield made
        made.supervisor.stop()


def test_servers_stop_in_the_reverse_of_their_start(small: Small, tmp_path: Path) -> None:
    book = tmp_path / "book"
    for name in ("first", "second", "third"):
        small.add(name, SIGNS_OFF, str(book), name)
    deadline = time.monotonic() + 10
    while len(list(tmp_path.glob("book.*"))) < 3 and time.monotonic() < deadline:
        time.sleep(0.02)
    small.supervisor.stop()
    assert book.read_text().split() == ["third", "second", "first"]


def test_a_server_that_keeps_dying_ends_the_watch_with_its_last_words(small: Small) -> None:
    small.add("faulty", "import sys; sys.exit('the disk is full')")
    with pytest.raises(Unavailable, match=r"(?s)faulty.*stopped with status 1.*the disk is full"):
        small.supervisor.watch(pause=0.3)
    assert any("starting it again" in line for line in small.said)


def test_the_record_names_every_server(small: Small) -> None:
    small.add("tiny", "import time; time.sleep(60)")
    record = small.home.record()
    assert record is not None
    assert record.pid == os.getpid()
    assert list(record.pids) == ["tiny"]
    assert set(record.urls) == {"mlflow", "prefect"}


def test_nothing_is_moved_in_a_home_that_another_stack_has(small: Small) -> None:
    moved: list[Home] = []
    with pytest.raises(Refused), supervised(small.home.root, Wanted(make_room=moved.append)):
        pass
    assert not moved


def test_nothing_is_started_in_a_home_that_cannot_be_used(tmp_path: Path) -> None:
    def refuse(home: Home) -> None:
        raise BadInput("home", f"{home.root} holds something else; name another folder")

    with pytest.raises(BadInput, match="something else"), supervised(tmp_path / "home", Wanted(make_room=refuse)):
        pass
    assert not list((tmp_path / "home" / "logs").iterdir())
    with Home.at(tmp_path / "home").held():
        pass
