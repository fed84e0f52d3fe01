"""Call the command from a test: in this process, where imports are paid once, or as the installed command."""

from __future__ import annotations

import contextlib
import io
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deployments.command.main import main


@dataclass(frozen=True, slots=True)
class Called:
    """What a call left: its exit status and what it printed."""

    status: int
    stdout: str
    stderr: str

    @property
    def answer(self) -> dict[str, Any]:
        """The one JSON object on stdout."""
        found: dict[str, Any] = json.loads(self.stdout)
        return found


def call(home: Path, *words: str) -> Called:
    """Call a verb that starts no server in this process."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = 0
        try:
            main([*words, "--home", str(home)])
        except SystemExit as left:
            status = int(left.code or 0)
    return Called(status, out.getvalue(), err.getvalue())


def installed(home: Path, *words: str) -> list[str]:
    """Return the words of the installed command."""
    return [str(Path(sys.executable).parent / "gamenight"), *words, "--home", str(home)]


def run(home: Path, *words: str) -> Called:
    """Call the installed command."""
    done = subprocess.run(installed(home, *words), capture_output=True, text=True, check=False)
    return Called(done.returncode, done.stdout, done.stderr)
