"""What every test may ask for."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

# a run in the background inherits "ignore Ctrl-C", and so would every process that a test interrupts
signal.signal(signal.SIGINT, signal.default_int_handler)


LONGEST = (
    "stories/test_demo.py",
    "command/test_release_verbs_live.py",
    "faults/test_backends.py",
    "stack/test_up_and_down.py",
    "faults/test_together.py",
    "faults/test_kills.py",
    "stories/test_seeds.py",
    "faults/test_breaking_in.py",
    "stories/test_gates_stop_flows.py",
    "catalogue/test_servers.py",
    "catalogue/test_registering.py",
)
"""Files of minutes: begun first, so that no process is left alone with one at the end."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the files that take longest first; the order within a file stays."""
    here = Path(__file__).parent
    places = {here / name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path, len(LONGEST)))


@pytest.fixture(scope="session")
def nba_data() -> Path:
    """Return the folder of real games, or skip with the reason; on CI a missing folder is a failure."""
    named = os.environ.get("GAMENIGHT_TEST_DATA")
    folder = Path(named) if named else Path(__file__).resolve().parents[2] / "shared" / "data" / "nba"
    if (folder / "games.csv.gz").exists():
        return folder
    reason = f"no real games at {folder}: set GAMENIGHT_TEST_DATA to the folder that holds games.csv.gz"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)
