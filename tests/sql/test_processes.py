"""Two processes at once, and processes killed in the middle of a write."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select

from blocks.sql.engine import open_engine, reading
from blocks.sql.migration import migrate, newest
from blocks.sql.tables import JOURNAL, OUTCOMES, PREDICTIONS, SLATES
from tests.sql.writer import UNITS

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]


class Writer:
    """One writing process, told when to begin."""

    def __init__(self, url: str, job: str, statement: int = 0) -> None:
        arguments = [sys.executable, "-m", "tests.sql.writer", url, job, str(statement)]
        self._process = subprocess.Popen(
            arguments, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert self._line() == "ready"

    def begin(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()

    def result(self) -> str:
        out, err = self._process.communicate(timeout=60)
        assert self._process.returncode == 0, err
        return out.strip()

    def kill_when_stopped(self) -> bool:
        """Kill it inside its transaction; False if it finished before that statement."""
        said = self._line()
        self._process.kill()
        self._process.communicate(timeout=60)
        return said == "stopped"

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


def together(url: str, *jobs: str) -> list[str]:
    writers = [Writer(url, job) for job in jobs]
    for writer in writers:
        writer.begin()
    return [writer.result() for writer in writers]


def killed_at(url: str, job: str, statement: int) -> bool:
    """Kill a writer after its n-th statement, inside its transaction; False if it was done before."""
    writer = Writer(url, job, statement)
    writer.begin()
    return writer.kill_when_stopped()


def count(engine: Engine, table: object) -> int:
    with reading(engine, "count") as connection:
        return int(connection.execute(select(func.count()).select_from(table)).scalar_one())  # type: ignore[arg-type]


def test_two_processes_migrate_one_empty_store(empty_url: str) -> None:
    assert together(empty_url, "migrate", "migrate") == [newest(), newest()]


def test_of_two_processes_that_lock_one_manifest_both_get_the_winners(url: str, engine: Engine) -> None:
    first, second = together(url, "lock-a", "lock-b")
    assert first == second
    assert count(engine, SLATES) == 1


def test_two_processes_that_revise_one_manifest_leave_no_gap(url: str, engine: Engine) -> None:
    together(url, "lock-a", "lock-b")
    together(url, "revise", "revise")
    with reading(engine, "list revisions") as connection:
        revisions = connection.execute(select(SLATES.c.revision).order_by(SLATES.c.revision)).scalars().all()
    assert list(revisions) == list(range(1, 42))


def test_two_processes_that_seal_the_same_forecasts_write_them_once(url: str, engine: Engine) -> None:
    written = together(url, "seal", "seal")
    assert sum(map(int, written)) == count(engine, PREDICTIONS) == len(UNITS)


def test_two_processes_with_the_same_results_write_one_revision(url: str, engine: Engine) -> None:
    written = together(url, "win", "win")
    assert sum(map(int, written)) == count(engine, OUTCOMES) == len(UNITS)


def test_two_processes_that_contradict_each_other_are_both_on_record(url: str, engine: Engine) -> None:
    written = together(url, "win", "loss")
    assert sum(map(int, written)) == count(engine, OUTCOMES) == 2 * len(UNITS)


def test_two_processes_that_ship_one_spool_keep_each_line_once(url: str, engine: Engine) -> None:
    written = together(url, "ship", "ship")
    assert sum(map(int, written)) == count(engine, JOURNAL) == len(UNITS)


@pytest.mark.parametrize(("job", "table"), [("seal", PREDICTIONS), ("win", OUTCOMES), ("ship", JOURNAL)])
def test_a_writer_killed_at_any_statement_leaves_nothing_and_the_next_run_writes_all(
    url: str, engine: Engine, job: str, table: object
) -> None:
    killed = 0
    while killed_at(url, job, killed + 1):
        killed += 1
        assert count(engine, table) == 0, f"killed after statement {killed}"
    assert killed >= 1, "the writer was never caught inside its transaction"
    assert count(engine, table) == len(UNITS)
    assert together(url, job) == ["0"]


def test_a_migration_killed_at_any_statement_is_whole_after_the_next(empty_url: str) -> None:
    for statement in (1, 4, 8, 12):
        assert killed_at(empty_url, "migrate", statement)
    engine = open_engine(empty_url)
    assert migrate(engine) == newest()
    assert count(engine, PREDICTIONS) == 0
