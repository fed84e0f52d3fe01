"""A real PostgreSQL server for tests: a temporary folder, a socket in it, gone with the session."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

OWNER = "gamenight"


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """A running server; `psql` is its client, `socket` the folder of its socket."""

    socket: Path
    psql: Path

    def url(self, database: str = "postgres") -> str:
        """Return the address of one of its databases."""
        return f"postgresql+psycopg://{OWNER}@/{database}?host={self.socket}"

    def new_database(self) -> str:
        """Make an empty database and return its address."""
        name = f"t{uuid.uuid4().hex[:12]}"
        self.run(f"CREATE DATABASE {name}")
        return self.url(name)

    def run(self, statement: str) -> None:
        """Run one statement in the database postgres."""
        arguments: list[str | Path] = [self.psql, "-h", self.socket, "-U", OWNER, "-d", "postgres", "-qc", statement]
        subprocess.run(arguments, check=True, capture_output=True)


def postgres_or_skip() -> Iterator[PostgresServer]:
    """Start a server for a fixture, or skip with the reason; on CI a missing server is a failure."""
    folder = _binaries()
    if folder is None:
        reason = "no PostgreSQL here: initdb and postgres are neither in PATH nor in /usr/lib/postgresql"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    with running_postgres(folder) as server:
        yield server


@contextmanager
def running_postgres(binaries: Path) -> Iterator[PostgresServer]:
    """Run a server in a temporary folder as a user who is not root, which PostgreSQL insists on."""
    user = _unprivileged()
    folder = Path(tempfile.mkdtemp(prefix="gn-pg-"))
    if user is not None:
        shutil.chown(folder, user)
    data = folder / "data"
    initdb: list[str | Path] = [
        binaries / "initdb",
        "-D",
        data,
        "-U",
        OWNER,
        "-A",
        "trust",
        "-E",
        "UTF8",
        "--locale=C",
        "--no-sync",
    ]
    subprocess.run(initdb, check=True, capture_output=True, user=user, cwd=folder)
    settings = ["-c", "listen_addresses=", "-c", "fsync=off", "-c", f"unix_socket_directories={folder}"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [binaries / "postgres", "-D", data, *settings], stdout=log, stderr=log, user=user, cwd=folder
        )
    try:
        _wait(binaries / "pg_isready", folder, process)
        yield PostgresServer(folder, binaries / "psql")
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=30)
        shutil.rmtree(folder, ignore_errors=True)


def _binaries() -> Path | None:
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    in_path = shutil.which("initdb")
    places = ([Path(in_path).resolve().parent] if in_path else []) + installed
    return next((place for place in places if (place / "initdb").exists() and (place / "postgres").exists()), None)


def _unprivileged() -> str | None:
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


def _wait(pg_isready: Path, folder: Path, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while subprocess.run([pg_isready, "-q", "-h", folder], check=False).returncode != 0:
        if process.poll() is not None or time.monotonic() > deadline:
            pytest.fail(f"PostgreSQL did not start: {(folder / 'log').read_text()[-2000:]}")
        time.sleep(0.05)
