"""Run the installed command, and find what it left running."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import psutil

GAMENIGHT = Path(sys.executable).parent / "gamenight"


def gamenight(*words: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the installed command to its end."""
    return subprocess.run([str(GAMENIGHT), *map(str, words)], capture_output=True, text=True, check=False)


@dataclass(slots=True)
class Told:
    """A run of the command that was listened to: its answer, and what it said with the second it was said at."""

    status: int = -1
    stdout: str = ""
    seconds: float = 0.0
    said: list[tuple[float, str]] = field(default_factory=list)

    @property
    def stderr(self) -> str:
        """Everything that was said on stderr."""
        return "".join(line for _, line in self.said)


def listened_to(*words: str | Path, stop_at: str = "", number: int = 0) -> Told:
    """Run the command and note when each line came; at the first line that holds `stop_at`, send the signal."""
    began = time.monotonic()
    told = Told()
    with subprocess.Popen(
        [str(GAMENIGHT), *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        for line in process.stderr:
            told.said.append((time.monotonic() - began, line))
            if number and stop_at in line:
                process.send_signal(number)
                number = 0
        told.stdout = process.stdout.read()
    told.status, told.seconds = process.returncode, time.monotonic() - began
    return told


def alive_in(home: Path) -> list[str]:
    """Return the command lines of the processes that work in a home: named in their words or their environment."""
    found = []
    for one in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            words = one.cmdline()
            if one.status() != psutil.STATUS_ZOMBIE and (
                any(str(home) in word for word in words) or one.environ().get("PREFECT_HOME", "").startswith(str(home))
            ):
                found.append(" ".join(words))
    return found
