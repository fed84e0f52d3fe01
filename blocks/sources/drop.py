"""Put games into a file drop so that no reader ever sees half a file."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from blocks.errors import Refused
from blocks.sources.reading import PARQUET, SUFFIXES

if TYPE_CHECKING:
    import pandas as pd


def write_season(folder: Path | str, frame: pd.DataFrame, name: str) -> Path:
    """Write a frame of games into the drop as `name`, whole or not at all, and return its path.

    The ending of the name says how: .csv, .csv.gz, .parquet or .pq. A file of that name is replaced in one step. Raises
    Refused for another ending, or a name that is a path.
    """
    if Path(name).name != name or name.startswith(".") or not name.endswith(SUFFIXES):
        raise Refused(
            f"{name!r} cannot be a file of the drop.", f"Use a plain name that ends in {', '.join(SUFFIXES)}."
        )
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    descriptor, written = tempfile.mkstemp(dir=folder, prefix=f".{name}.")
    os.close(descriptor)
    unseen = Path(written)
    try:
        if name.endswith(PARQUET):
            frame.to_parquet(unseen, index=False)
        else:
            frame.to_csv(unseen, index=False, compression="gzip" if name.endswith(".gz") else None)
        with unseen.open("rb") as whole:
            os.fsync(whole.fileno())
        unseen.chmod(0o644)
        unseen.replace(folder / name)
    finally:
        unseen.unlink(missing_ok=True)
    return folder / name
