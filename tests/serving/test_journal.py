"""What the journal keeps, what it drops, and how it gets to the store."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blocks.errors import Refused, Unavailable
from blocks.serving.journal import Entry, decode, encode
from blocks.serving.shipper import REFUSED, Shipper, rows_of
from blocks.serving.spool import SEGMENT_BYTES, Spool, SpoolFull, read_slice
from tests.serving.conftest import MODEL
from tests.serving.parts import Kept, entries_of


def entry(number: int, rows: int = 1) -> Entry:
    """Return an entry with so many rows."""
    return Entry(
        f"r{number}",
        "k",
        "6",
        "champion",
        True,
        1.7e9,
        ("a", "t"),
        [[1.5, "x"]] * rows,
        [0.5] * rows,
        0.25,
        None,
        1.6e9,
    )


def shipper_of(folder: Path, store: Kept) -> Shipper:
    """Return a shipper over a spool that nobody else uses."""
    return Shipper(Spool(folder, 1 << 24), store, MODEL, 60.0)


@given(st.integers(0, 200))
def test_a_line_cut_anywhere_is_dropped_and_the_lines_before_it_are_whole(tmp_path_factory: object, cut: int) -> None:
    whole = encode([entry(1), entry(2)])
    last = encode([entry(3)])
    folder = Path(tmp_path_factory.mktemp("spool"))  # type: ignore[attr-defined]  # pytest's factory
    (folder / "00000000000000000001-1-1.ndjson").write_bytes(whole + last[: min(cut, len(last) - 1)])
    store = Kept()
    assert shipper_of(folder, store).flush() == 2
    assert {request_id for request_id, _ in store.rows} == {"r1", "r2"}


def test_a_dead_writers_segments_are_shipped_and_deleted_by_the_next_process(tmp_path: Path) -> None:
    code = (
        "import os, pathlib, sys\n"
        "from blocks.serving.spool import Spool\n"
        "from blocks.serving.journal import Entry, encode\n"
        "spool = Spool(pathlib.Path(sys.argv[1]), 1 << 20)\n"
        "spool.append(encode([Entry('r9', 'k', '6', 'champion', True, 1.7e9, output=[0.5])]))\n"
        "os.kill(os.getpid(), 9)\n"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False, cwd=Path(__file__).parents[2])
    store = Kept()
    shipper = shipper_of(tmp_path, store)
    assert shipper.flush() == 1
    assert set(store.rows) == {("r9", "6")}
    shipper.stop()
    shipper.spool.close()
    assert list(tmp_path.iterdir()) == []


def test_a_living_writers_segment_is_left_alone_by_others(tmp_path: Path) -> None:
    alive, other = Spool(tmp_path, 1 << 20), shipper_of(tmp_path, Kept())
    alive.append(encode([entry(1)]))
    assert other.flush() == 0
    assert len(entries_of(alive)) == 1


def test_what_the_store_did_not_take_is_shipped_when_it_is_back_and_only_once(tmp_path: Path) -> None:
    store = Kept(failure=Unavailable("away"))
    shipper = shipper_of(tmp_path, store)
    shipper.spool.append(encode([entry(1), entry(2)]))
    with pytest.raises(Unavailable):
        shipper.flush()
    store.failure = None
    shipper.spool.append(encode([entry(3)]))
    assert [shipper.flush(), shipper.flush()] == [3, 0]
    assert len(store.rows) == 3


def test_a_row_the_store_refuses_is_set_aside_and_holds_up_nobody(tmp_path: Path) -> None:
    class Picky(Kept):
        def ship_journal(self, rows: object) -> int:
            if any(row["request_id"] == "r2" for row in rows):  # type: ignore[attr-defined]  # a list of rows
                raise Refused("never")
            return super().ship_journal(rows)  # type: ignore[arg-type]  # a list of rows

    store = Picky()
    shipper = shipper_of(tmp_path, store)
    shipper.spool.append(encode([entry(number) for number in range(4)]))
    shipper.flush()
    assert {request_id for request_id, _ in store.rows} == {"r0", "r1", "r3"}
    aside = [decode(line) for line in (tmp_path / REFUSED).read_bytes().splitlines()]
    assert [one.request_id for one in aside if one] == ["r2"]


def test_each_prediction_of_a_request_is_a_row_of_its_own() -> None:
    rows = rows_of(entry(1, rows=3), MODEL)
    assert [row["request_id"] for row in rows] == ["r1/0", "r1/1", "r1/2"]
    assert [row["output"] for row in rows] == [0.5] * 3
    assert rows[0]["features"] == {"a": 1.5, "t": "x"}
    assert rows_of(entry(1), MODEL)[0]["request_id"] == "r1"
    assert str(rows[0]["event_time"]) == "2020-09-13 12:26:40+00:00"


def test_a_spool_refuses_beyond_its_limit_and_has_room_again_once_shipped(tmp_path: Path) -> None:
    line = encode([entry(1)])
    spool = Spool(tmp_path, 3 * len(line))
    shipper = Shipper(spool, Kept(), MODEL, 60.0)
    for _ in range(3):
        spool.append(line)
    assert spool.is_full
    with pytest.raises(SpoolFull):
        spool.append(line)
    spool.rotate()
    shipper.flush()
    spool.append(line)
    assert len(entries_of(spool)) == 1


def test_a_disk_that_takes_half_a_line_is_full_and_keeps_none_of_it(tmp_path: Path) -> None:
    import resource
    import signal

    spool = Spool(tmp_path, 1 << 20)
    spool.append(encode([entry(1)]))
    size = spool.active.stat().st_size
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 20, hard))
        for _ in range(2):
            with pytest.raises(SpoolFull):
                spool.append(encode([entry(2)]))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)
    spool.append(encode([entry(3)]))
    assert [one.request_id for one in entries_of(spool)] == ["r1", "r3"]


def test_segments_are_closed_at_their_size_and_every_line_is_in_one_of_them(tmp_path: Path) -> None:
    spool = Spool(tmp_path, 1 << 26)
    block = encode([entry(0)] * 5000)
    count = SEGMENT_BYTES // len(block) + 2
    for _ in range(count):
        spool.append(block)
    assert len(spool.closed_segments()) == 1
    assert len(entries_of(spool)) == count * 5000


def test_a_slice_is_whole_lines_however_small_the_bite(tmp_path: Path) -> None:
    path = tmp_path / "x.ndjson"
    path.write_bytes(b"one\ntwo three\nfour")
    first = read_slice(path, 0, 1)
    second = read_slice(path, first.end, 6)
    assert (first.lines, second.lines) == ([b"one"], [b"two three"])
    assert read_slice(path, second.end, 100).lines == []


def test_recording_before_the_answer_costs_microseconds(tmp_path: Path) -> None:
    spool = Spool(tmp_path, 1 << 26)
    line = encode([entry(1)])
    start = time.process_time()
    for _ in range(5000):
        spool.append(line)
    assert (time.process_time() - start) / 5000 < 100e-6
