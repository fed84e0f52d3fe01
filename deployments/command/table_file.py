"""A table in a file: CSV or Parquet, plain or gzipped, recognised by its first bytes."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tasks.rollout.refusal import BadInput

if TYPE_CHECKING:
    import pandas as pd

GZIP, PARQUET = b"\x1f\x8b", b"PAR1"


def read_table(path: Path) -> pd.DataFrame:
    """Return the table of a file; raise BadInput that names the file where it cannot be read or has no rows."""
    import pandas as pd

    try:
        frame = _parsed(path)
    except (OSError, EOFError, zlib.error) as error:
        raise BadInput(str(path), f"cannot be read: {error}") from error
    except (UnicodeDecodeError, pd.errors.EmptyDataError, pd.errors.ParserError, ValueError) as error:
        raise BadInput(str(path), f"is neither a CSV nor a Parquet table: {str(error).strip()}") from error
    if frame.empty:
        raise BadInput(str(path), "has no rows; a table with a header line and at least one row is needed")
    return frame


def chosen_columns(frame: pd.DataFrame, names: Sequence[str] | None, path: Path) -> pd.DataFrame:
    """Return a frame with the columns asked for, or all; raise BadInput that names the file and the missing column."""
    if names is None:
        return frame
    for name in names:
        if name not in frame.columns:
            there = ", ".join(str(column) for column in frame.columns)
            raise BadInput(name, f"{path} has no such column; it has {there}")
    return frame[list(dict.fromkeys(names))]


def _parsed(path: Path) -> pd.DataFrame:
    import pandas as pd

    with path.open("rb") as file:
        packed = file.read(2) == GZIP
    with gzip.open(path) if packed else path.open("rb") as file:
        first = file.read(4)
    if first == PARQUET:
        return pd.read_parquet(io.BytesIO(gzip.decompress(path.read_bytes())) if packed else path)
    return pd.read_csv(path, compression="gzip" if packed else None, low_memory=False, skipinitialspace=True)
