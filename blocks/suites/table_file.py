"""Read a table for a gate: as found, because what is wrong with it is what the gate is asked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from blocks.errors import NotFound, Refused
from blocks.suites.tables import POINTER

if TYPE_CHECKING:
    import pandas as pd

TEXT = ("game_id", "game_uid", "date", "tip_et", "home", "away", "team", "opp", "season_type", "status")
ENDINGS = (".csv", ".csv.gz", ".parquet", ".pq")


def read_table(path: Path | str) -> pd.DataFrame:
    """Return a CSV or Parquet file with ids and dates as text; `game_uid` serves as `game_id` where that is empty.

    A storage pointer in place of the file is a table too, one that no suite passes. Raises NotFound for no such file
    and Refused for one that is no table.
    """
    path = Path(path)
    if not path.is_file():
        raise NotFound(f"There is no file {path}.", "Name a CSV or Parquet file.")
    if not path.name.endswith(ENDINGS):
        raise Refused(f"{path} is not named as a table.", f"Name a file that ends in {', '.join(ENDINGS)}.")
    frame = _read(path)
    if "date" in frame.columns and str(frame["date"].dtype).startswith("datetime"):
        frame["date"] = frame["date"].dt.strftime("%Y-%m-%d")
    if "game_uid" in frame.columns:
        uid = frame["game_uid"]
        frame["game_id"] = uid if "game_id" not in frame.columns else frame["game_id"].fillna(uid)
    return frame


def _read(path: Path) -> pd.DataFrame:
    import pandas as pd
    from pandas.errors import EmptyDataError, ParserError

    with path.open("rb") as file:
        pointer = file.read(len(POINTER)) == POINTER.encode()
    try:
        if pointer:
            return pd.DataFrame(columns=[POINTER])
        if path.name.endswith((".parquet", ".pq")):
            return pd.read_parquet(path)
        return pd.read_csv(path, dtype=dict.fromkeys(TEXT, "str"), low_memory=False)
    except (EmptyDataError, ParserError, UnicodeDecodeError, EOFError, OSError, ValueError) as error:
        raise Refused(f"{path} cannot be read as a table: {error}.", "Fetch or export it again.") from error
