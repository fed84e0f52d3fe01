"""From the bytes of a file to a table of text, or one clear word on why not."""

from __future__ import annotations

import csv
import gzip
import io
import re
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from blocks.sources.faults import BadFile

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

POINTER = b"version https://git-lfs.github.com/spec/"
UNFINISHED = "a whole file; this one is cut short, perhaps still being written"
LARGEST_BLOCK = 2**31 - 1
PARQUET = (".parquet", ".pq")
CSV = (".csv", ".csv.gz")
SUFFIXES = (*CSV, *PARQUET)


@dataclass(frozen=True, slots=True)
class Table:
    """Hold the rows of a file, or of a query, as they were found, and tell the line of each."""

    path: Path | str
    frame: pd.DataFrame
    text: str | None

    def line(self, row: int) -> int:
        """Return the line, from 1, on which row `row` (from 0) begins; rows that are no text count from 1."""
        return row + 1 if self.text is None else _line(self.text, row)


def read_table(path: Path) -> Table:
    """Return the rows of a CSV (plain or .gz) or Parquet file; every column of a CSV is text.

    Raises BadFile for an empty file, a storage pointer, a file cut short, bytes that are not UTF-8, a header that
    names a column twice, or a row of the wrong width.
    """
    content = _content(path)
    if path.name.endswith(PARQUET):
        return Table(path, _parquet(path, content), None)
    text = _text(path, content)
    _header(path, text)
    return Table(path, _csv(path, text), text)


def _content(path: Path) -> bytes:
    before = path.stat()
    content = path.read_bytes()
    after = path.stat()
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise BadFile(path, "a file at rest; this one is still being written", "a file that changed while it was read")
    if not content.strip():
        raise BadFile(path, "a header and rows", "an empty file")
    if content.startswith(POINTER):
        raise BadFile(path, "the file itself; fetch it from the large-file storage", "a storage pointer", line=1)
    return content


def _text(path: Path, content: bytes) -> str:
    if path.name.endswith(".gz"):
        try:
            content = gzip.decompress(content)
        except EOFError as fault:
            raise BadFile(path, UNFINISHED, "the end of the file in the middle of its gzip stream") from fault
        except (gzip.BadGzipFile, zlib.error) as fault:
            raise BadFile(path, "a gzip file", f"bytes that are none ({fault})") from fault
        if not content.strip():
            raise BadFile(path, "a header and rows", "an empty file")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        found = "UTF-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else f"the byte 0x{content[fault.start]:02x}"
        line = content.count(b"\n", 0, fault.start) + 1
        raise BadFile(path, "text in UTF-8", found, line=line) from fault
    if "\x00" in text:
        line = text.count("\n", 0, text.index("\x00")) + 1
        raise BadFile(path, "text in UTF-8", "a zero byte", line=line)
    return text


def _header(path: Path, text: str) -> None:
    names = next(csv.reader(io.StringIO(text)), [])
    twice = [name for place, name in enumerate(names) if name in names[:place]]
    if twice:
        raise BadFile(path, "every column once", f"{twice[0]!r} twice in the header", line=1, column=twice[0])
    for separator in (";", "\t"):
        if len(names) == 1 and separator in names[0]:
            raise BadFile(path, "columns separated by ','", f"columns separated by {separator!r}", line=1)


def _csv(path: Path, text: str) -> pd.DataFrame:
    import pyarrow as pa
    import pyarrow.csv as arrow

    names = next(csv.reader(io.StringIO(text)))
    try:
        table = arrow.read_csv(
            io.BytesIO(text.encode()),
            read_options=arrow.ReadOptions(
                use_threads=False, block_size=min(max(len(text) * 4, 1 << 20), LARGEST_BLOCK)
            ),
            parse_options=arrow.ParseOptions(newlines_in_values=True),
            convert_options=arrow.ConvertOptions(
                strings_can_be_null=False, null_values=[], column_types=dict.fromkeys(names, pa.string())
            ),
        )
    except pa.ArrowInvalid as fault:
        raise _wrong_width(path, text, str(fault)) from fault
    return with_text(table.to_pandas())


def _wrong_width(path: Path, text: str, fault: str) -> BadFile:
    told = re.search(r"Row #(\d+): Expected (\d+) columns, got (\d+)", fault)
    if told is None:
        return BadFile(path, "a table of comma-separated values", fault)
    row, expected, got = (int(number) for number in told.groups())
    last = not text.endswith("\n") and row == sum(1 for record in csv.reader(io.StringIO(text)) if record)
    return BadFile(
        path,
        UNFINISHED if last else f"{expected} columns as in the header",
        f"{got} columns",
        line=_line(text, row - 2),
    )


def _line(text: str, row: int) -> int:
    begins = 1
    records = csv.reader(io.StringIO(text))
    seen = -2
    for record in records:
        seen += bool(record)
        if record and seen == row:
            return begins
        begins = records.line_num + 1
    return begins


def _parquet(path: Path, content: bytes) -> pd.DataFrame:
    import pyarrow as pa
    import pyarrow.parquet as arrow

    if content[:4] == b"PAR1" and content[-4:] != b"PAR1":
        raise BadFile(path, UNFINISHED, "a Parquet file without its footer")
    try:
        table = arrow.read_table(io.BytesIO(content))
    except (pa.ArrowInvalid, OSError) as fault:
        raise BadFile(path, "a Parquet file", f"bytes that are none ({fault})") from fault
    names = table.column_names
    twice = [name for place, name in enumerate(names) if name in names[:place]]
    if twice:
        raise BadFile(path, "every column once", f"{twice[0]!r} twice", column=twice[0])
    return with_text(table.to_pandas().reset_index(drop=True))


def with_text(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame whose columns of Python objects, dates among them, are text."""
    texts = [name for name in frame.columns if frame[name].dtype == object]
    return frame.astype(dict.fromkeys(texts, "str")) if texts else frame
