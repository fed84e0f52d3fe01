"""Score partitioned Parquet that is larger than memory: a part at a time, each written whole, once, with its digest."""

from __future__ import annotations

import hashlib
import json
import os
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from blocks.errors import NotFound, Refused
from blocks.platform import Platform
from blocks.registry import Registry
from tasks.rollout.canonical import canonical, digest
from tasks.showing import tell_progress
from tasks.step import step

if TYPE_CHECKING:
    import pandas as pd

ROWS_A_PART = 1_000_000
ROWS_AT_ONCE = 100_000
"""Rows in memory at a time in each worker."""
MANIFEST = "_manifest.json"
RECEIPTS = "_receipts"


@dataclass(frozen=True, slots=True)
class Part:
    """Some row groups of one input file, and the fingerprint of the file when the batch was planned."""

    name: str
    file: str
    first: int
    last: int
    rows: int
    stamp: str


@dataclass(frozen=True, slots=True)
class Batch:
    """One batch: a version, where its rows are and where the answers go. key: the column that names a row, if any."""

    model: str
    version: str
    source: str
    target: str
    columns: tuple[str, ...]
    key: str | None = None

    @property
    def sha(self) -> str:
        """Return the digest of what the answers depend on besides the rows."""
        said = {"model": self.model, "version": self.version, "columns": list(self.columns), "key": self.key}
        return digest(canonical(said))[:16]


def plan(source: str, rows_a_part: int = ROWS_A_PART) -> list[Part]:
    """Return the parts of a Parquet file, or of a folder of them, in the order of their names."""
    root = Path(source)
    files = sorted(root.rglob("*.parquet")) if root.is_dir() else [root]
    files = [file for file in files if not any(part.startswith((".", "_")) for part in file.relative_to(root).parts)]
    if not files or not all(file.is_file() for file in files):
        raise NotFound(f"There are no Parquet files at {source}.", "Name a file, or a folder of them.")
    return [part for file in files for part in _parts_of(file, root, rows_a_part)]


def _parts_of(file: Path, root: Path, rows_a_part: int) -> Iterator[Part]:
    import pyarrow as pa
    import pyarrow.parquet as arrow

    try:
        footer = arrow.read_metadata(file)
    except (pa.ArrowInvalid, OSError) as fault:
        raise Refused(f"{file} is no whole Parquet file: {fault}.", "It may still be written; run again.") from fault
    name = str(file.relative_to(root) if root.is_dir() else Path(file.name)).removesuffix(".parquet")
    found = file.stat()
    stamp = f"{found.st_size}-{found.st_mtime_ns}"
    first, rows, number = 0, 0, 0
    for group in range(footer.num_row_groups):
        rows += footer.row_group(group).num_rows
        if rows >= rows_a_part or group == footer.num_row_groups - 1:
            place = f"{name.replace(os.sep, '-')}-{number:05d}"
            yield Part(place, str(file), first, group, rows, stamp)
            first, rows, number = group + 1, 0, number + 1


def score_part(batch: Batch, part: Part, predict: Callable[[pd.DataFrame], np.ndarray]) -> dict[str, object]:
    """Score one part into `<target>/<name>.parquet` and return its receipt; a part that has one is not scored again.

    The file is written under another name, flushed and renamed; the receipt follows. So a part is there whole or not
    at all, and two workers on the same part put the same file in the same place.
    """
    known = receipt_of(batch, part)
    if known is not None:
        return known
    target = Path(batch.target)
    fresh = target / f".{part.name}.{uuid.uuid4().hex}"
    try:
        rows, blank = _write(batch, part, predict, fresh)
        sha = file_digest(fresh)
        size = fresh.stat().st_size
        fresh.replace(target / f"{part.name}.parquet")
    finally:
        fresh.unlink(missing_ok=True)
    receipt: dict[str, object] = {
        "part": part.name,
        "batch": batch.sha,
        "stamp": part.stamp,
        "rows": rows,
        "blank": blank,
        "bytes": size,
        "sha256": sha,
    }
    put_text(target / RECEIPTS / f"{part.name}.json", json.dumps(receipt))
    return receipt


def receipt_of(batch: Batch, part: Part) -> dict[str, object] | None:
    """Return the receipt of a part that was scored by this version from these rows, None where it must be scored."""
    target = Path(batch.target)
    with suppress(OSError, ValueError):
        said = json.loads((target / RECEIPTS / f"{part.name}.json").read_text())
        same = (said["batch"], said["stamp"]) == (batch.sha, part.stamp)
        if same and (target / f"{part.name}.parquet").stat().st_size == said["bytes"]:
            return dict(said)
    return None


def _write(batch: Batch, part: Part, predict: Callable[[pd.DataFrame], np.ndarray], fresh: Path) -> tuple[int, int]:
    import pyarrow as pa
    import pyarrow.parquet as arrow

    keys = [batch.key] if batch.key else []
    file = arrow.ParquetFile(part.file)
    kind = file.schema_arrow.field(batch.key).type if batch.key else None
    names = pa.schema([*((pa.field(batch.key, kind),) if batch.key else ()), ("p", pa.float64())])
    groups = list(range(part.first, part.last + 1))
    wanted = list(dict.fromkeys([*keys, *batch.columns]))
    rows = blank = 0
    with arrow.ParquetWriter(fresh, names, compression="zstd", compression_level=1) as writer:
        for rows_read in file.iter_batches(ROWS_AT_ONCE, row_groups=groups, columns=wanted):
            frame = pa.Table.from_batches([rows_read]).select(list(batch.columns)).to_pandas()
            p = np.asarray(predict(frame), dtype=float)
            if p.shape != (len(frame),):
                raise Refused(f"Version {batch.version} answered {p.shape} for {len(frame)} rows.")
            bad = ~((p >= 0) & (p <= 1))
            answer = pa.array(p, mask=bad)
            writer.write_table(pa.Table.from_arrays([*(rows_read.column(key) for key in keys), answer], schema=names))
            rows += len(frame)
            blank += int(bad.sum())
    return rows, blank


def file_digest(path: Path) -> str:
    """Return the sha256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def put_text(path: Path, text: str) -> None:
    """Write a small file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(path)


def prepare(registry: Registry, batch: Batch, rows_a_part: int = ROWS_A_PART) -> list[Part]:
    """Return the parts of a batch, after checking that its target is its own; raises Refused for another's."""
    target = Path(batch.target)
    head = target / MANIFEST
    if head.is_file() and json.loads(head.read_text()).get("batch") != batch.sha:
        raise Refused(
            f"{target} holds the answers of another batch: {head}.", "Name an empty folder, or remove that one."
        )
    (target / RECEIPTS).mkdir(parents=True, exist_ok=True)
    parts = plan(batch.source, rows_a_part)
    _columns_are_there(batch, parts[0])
    put_text(head, json.dumps({"batch": batch.sha, "complete": False, **asdict(batch)}))
    return parts


def _columns_are_there(batch: Batch, part: Part) -> None:
    import pyarrow.parquet as arrow

    have = set(arrow.read_schema(part.file).names)
    missing = [name for name in (*batch.columns, *([batch.key] if batch.key else ())) if name not in have]
    if missing:
        raise Refused(f"{part.file} has no column {', '.join(missing)}.", f"A row has {', '.join(batch.columns)}.")


def finish(batch: Batch, receipts: Sequence[Mapping[str, Any]]) -> dict[str, object]:
    """Write the manifest of a whole batch: every part with its digest, and one digest over all."""
    parts = sorted((dict(one) for one in receipts), key=lambda one: str(one["part"]))
    answer: dict[str, object] = {
        "batch": batch.sha,
        "complete": True,
        **asdict(batch),
        "rows": sum(int(one["rows"]) for one in parts),
        "blank": sum(int(one["blank"]) for one in parts),
        "sha256": hashlib.sha256("".join(str(one["sha256"]) for one in parts).encode()).hexdigest(),
        "parts": parts,
    }
    put_text(Path(batch.target) / MANIFEST, json.dumps(answer, indent=1))
    return answer


@step("plan the batch")
def plan_batch(platform: Platform, batch: Batch, rows_a_part: int) -> list[Part]:
    """Return the parts of a batch and take its target."""
    return prepare(platform.registry, batch, rows_a_part)


@step("name the batch")
def name_batch(platform: Platform, model: str, version: str, places: tuple[str, str], key: str | None) -> Batch:
    """Return the batch of a version or an alias, with the columns of its signature."""
    number = platform.registry.resolve(model, version)
    columns = tuple(platform.registry.columns(model, number))
    source, target = (str(Path(place).resolve()) for place in places)
    return Batch(model, number, source, target, columns, key)


@step("score a part")
def score_one(tracking_uri: str, batch: Batch, part: Part) -> dict[str, object]:
    """Score one part in whatever process this is; the model is loaded once a process."""
    return score_part(batch, part, Registry(tracking_uri=tracking_uri).load_model(batch.model, batch.version))


def score_all(platform: Platform, batch: Batch, parts: Sequence[Part]) -> list[dict[str, object]]:
    """Score the parts on the platform's workers, as many at a time as there are workers, and tell the progress."""
    receipts = [known for part in parts if (known := receipt_of(batch, part)) is not None]
    ahead = [part for part in parts if receipt_of(batch, part) is None]
    with platform.workers.runner() as runner:
        shared = {"tracking_uri": platform.registry.tracking_uri, "batch": batch}
        futures = [runner.submit(score_one, {**shared, "part": part}) for part in ahead]
        for future in futures:
            receipts.append(future.result())
            tell_progress(f"batch {batch.model}", len(receipts), len(parts), f"{len(receipts)} of {len(parts)} parts")
    return receipts


@step("seal the batch")
def seal_batch(batch: Batch, receipts: Sequence[Mapping[str, Any]]) -> dict[str, object]:
    """Write the manifest of a whole batch."""
    return finish(batch, receipts)
