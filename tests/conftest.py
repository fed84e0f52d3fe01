"""What every test may ask for."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

# a run in the background inherits "ignore Ctrl-C", and so would every process that a test interrupts
signal.signal(signal.SIGINT, signal.default_int_handler)


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
