"""Try a model in a clean process before it gets a version number: does it load, and does it answer the same twice?"""

from __future__ import annotations

import atexit
import json
import os
import select
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from blocks.catalogue.golden import Golden, differ
from blocks.errors import Refused, Unavailable

PATIENCE_S = 120.0
LOADS = "Log it with everything it imports (code_paths=[...]) and requires, and load it once in a fresh Python."
REPEATS = "Draw nothing at random and read no clock when it predicts; fix every seed."


@dataclass(slots=True)
class CleanProcess:
    """The process that tries models, started with the first trial and kept for the next ones of this process."""

    _popen: subprocess.Popen[str] | None = None
    _owner: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def ask(self, folder: Path, golden: Path, answer: Path) -> int:
        """Have a model tried; return the exit status of the trial. Raises Refused for one that takes too long."""
        order = json.dumps({"folder": str(folder), "golden": str(golden), "answer": str(answer)})
        with self._lock:
            process = self._running()
            assert process.stdin is not None
            try:
                process.stdin.write(order + "\n")
                process.stdin.flush()
            except BrokenPipeError as gone:  # it left after a quiet minute, between the look and the order
                self.stop()
                raise Unavailable("The clean process that tries models has just ended.", "Try again.") from gone
            return int(self._line(process))

    def start(self) -> None:
        """Begin to start it, if it does not run yet; the first question waits until it has."""
        with self._lock:
            self._running()

    def stop(self) -> None:
        """End it."""
        if self._popen is not None and self._owner == os.getpid():
            self._popen.kill()
            self._popen.wait()
        self._popen = None

    def _running(self) -> subprocess.Popen[str]:
        # a forked child must not share the pipes of its parent
        if self._popen is not None and self._owner == os.getpid() and self._popen.poll() is None:
            return self._popen
        self._popen = subprocess.Popen(
            [sys.executable, "-P", "-m", "blocks.catalogue.trial_process"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd=tempfile.gettempdir(),
        )
        self._owner = os.getpid()
        return self._popen

    def _line(self, process: subprocess.Popen[str]) -> str:
        assert process.stdout is not None
        if not select.select([process.stdout], [], [], PATIENCE_S)[0]:
            self.stop()
            raise Refused(f"The model did not load and answer within {PATIENCE_S:.0f} s.", LOADS)
        line = process.stdout.readline().strip()
        if not line:
            self.stop()
            raise Unavailable("The clean process that tries models did not start, or ended.", "Try again.")
        return line


CLEAN = CleanProcess()
atexit.register(CLEAN.stop)

_known: dict[tuple[str, str], tuple[float, ...] | None] = {}
"""What trials of this process gave; the same content need not be tried again."""


def tried(folder: Path, sha: str, golden: Golden, uri: str) -> np.ndarray | None:
    """Return what a model answered to its golden rows in a clean process; None if it refused rows that were made up.

    sha: the digest of its content. Raises Refused when it does not load there, refuses its own rows, or answers the
    same rows differently the second time.
    """
    key = (sha, golden.to_text())
    if key not in _known:
        _known[key] = _try(folder, golden, uri)
    found = _known[key]
    return None if found is None else np.array(found, dtype=float)


def _try(folder: Path, golden: Golden, uri: str) -> tuple[float, ...] | None:
    with tempfile.TemporaryDirectory() as place:
        rows, answer = Path(place) / "golden.json", Path(place) / "answer.json"
        rows.write_text(golden.to_text(), encoding="utf-8")
        status = CLEAN.ask(folder, rows, answer)
        if not answer.is_file():
            raise Refused(f"{uri} ended the clean process that loaded it (status {status}).", LOADS)
        said = json.loads(answer.read_text(encoding="utf-8"))
    if said.get("stopped") == "predict" and not golden.own:
        return None
    if "stopped" in said:
        what = "load in a clean process" if said["stopped"] == "load" else "answer its own rows in a clean process"
        raise Refused(f"{uri} does not {what}: {said['error']}.", LOADS)
    first, again = (np.array(said[name], dtype=float) for name in ("first", "again"))
    if differ(first, again):
        raise Refused(f"{uri} answers the same {len(first)} rows differently the second time.", REPEATS)
    return tuple(first.tolist())
