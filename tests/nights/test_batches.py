"""Large batches: bounded, resumable, written once; the same bytes whoever does the work, and whoever dies."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from faults.killing import Killed, in_child, start

from blocks.errors import NotFound, Refused
from blocks.registry import Registry
from tasks.batches import MANIFEST, Batch, Part, finish, prepare, receipt_of, score_part

ROWS = 10_000
NOWHERE = Registry(tracking_uri="sqlite://")


def write(folder: Path, files: int = 3, rows: int = ROWS) -> Path:
    """Write a folder of Parquet files with small row groups."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(files):
        ids = np.arange(number * rows, (number + 1) * rows)
        table = pd.DataFrame({"id": ids, "x": (ids % 1000) / 1000, "other": "not read"})
        table.to_parquet(folder / f"part-{number}.parquet", row_group_size=rows // 4)
    return folder


def halves(frame: pd.DataFrame) -> np.ndarray:
    assert list(frame.columns) == ["x"]
    return frame["x"].to_numpy() / 2


def batch(source: Path, target: Path, version: str = "1") -> Batch:
    return Batch("m", version, str(source), str(target), ("x",), "id")


def run(wanted: Batch, rows: int = ROWS // 2) -> dict[str, object]:
    return finish(wanted, [score_part(wanted, part, halves) for part in prepare(NOWHERE, wanted, rows)])


def answers(target: Path) -> pd.DataFrame:
    return pd.concat([pd.read_parquet(file) for file in sorted(target.glob("*.parquet"))], ignore_index=True)


def test_every_row_is_answered_once_beside_its_key(tmp_path: Path) -> None:
    done = run(batch(write(tmp_path / "in"), tmp_path / "out"))
    found = answers(tmp_path / "out")
    assert (done["rows"], done["blank"], len(done["parts"])) == (3 * ROWS, 0, 6)  # type: ignore[arg-type]
    assert found["id"].tolist() == list(range(3 * ROWS))
    assert np.allclose(found["p"], (found["id"] % 1000) / 2000)


def test_a_row_without_a_probability_is_null_and_counted(tmp_path: Path) -> None:
    wanted = batch(write(tmp_path / "in", 1), tmp_path / "out")
    [part] = prepare(NOWHERE, wanted)
    said = score_part(wanted, part, lambda frame: np.where(frame["x"] < 0.5, np.nan, 1.5 - frame["x"]))
    assert said["blank"] == ROWS // 2 + ROWS // 1000 * 0
    assert answers(tmp_path / "out")["p"].isna().sum() == said["blank"]


def test_what_has_a_receipt_is_not_scored_again_and_a_changed_file_is(tmp_path: Path) -> None:
    source = write(tmp_path / "in")
    wanted = batch(source, tmp_path / "out")
    first = run(wanted)
    scored: list[Part] = [part for part in prepare(NOWHERE, wanted, ROWS // 2) if receipt_of(wanted, part) is None]
    assert scored == []
    pd.DataFrame({"id": [0], "x": [0.4], "other": ""}).to_parquet(source / "part-1.parquet")
    again = [part.file for part in prepare(NOWHERE, wanted, ROWS // 2) if receipt_of(wanted, part) is None]
    assert again == [str(source / "part-1.parquet")]
    assert first["complete"]


def test_another_batch_in_the_same_folder_is_refused_and_so_are_wrong_inputs(tmp_path: Path) -> None:
    source = write(tmp_path / "in", 1)
    run(batch(source, tmp_path / "out"))
    with pytest.raises(Refused, match="another batch"):
        run(batch(source, tmp_path / "out", version="2"))
    with pytest.raises(NotFound):
        run(batch(tmp_path / "nothing", tmp_path / "other"))
    with pytest.raises(Refused, match="has no column y"):
        prepare(NOWHERE, Batch("m", "1", str(source), str(tmp_path / "y"), ("y",)))
    (source / "half.parquet").write_bytes((source / "part-0.parquet").read_bytes()[:-100])
    with pytest.raises(Refused, match="may still be written"):
        run(batch(source, tmp_path / "half"))


@pytest.mark.slow
def test_killed_in_any_part_it_goes_on_to_the_same_bytes(tmp_path: Path) -> None:
    source = write(tmp_path / "in")
    whole = run(batch(source, tmp_path / "whole"))
    target = tmp_path / "killed"
    for reads in range(2, 14, 3):

        def dying(reads: int = reads) -> object:
            seen = 0

            def predict(frame: pd.DataFrame) -> np.ndarray:
                nonlocal seen
                seen += 1
                if seen == reads:
                    import os
                    import signal

                    os.kill(os.getpid(), signal.SIGKILL)
                return halves(frame)

            wanted = batch(source, target)
            return [score_part(wanted, part, predict) for part in prepare(NOWHERE, wanted, ROWS // 2)]

        try:
            in_child(dying)
        except Killed:
            assert not json.loads((target / MANIFEST).read_text())["complete"]
    done = run(batch(source, target))
    assert {**done, "target": 0, "parts": 0} == {**whole, "target": 0, "parts": 0}


@pytest.mark.slow
def test_two_at_once_write_one_answer(tmp_path: Path) -> None:
    source = write(tmp_path / "in")
    both = [start(lambda: run(batch(source, tmp_path / "out"))) for _ in range(2)]
    one, two = (child.result() for child in both)
    assert one["sha256"] == two["sha256"] == run(batch(source, tmp_path / "alone"))["sha256"]
