"""Games in files: one CSV or Parquet file, or a folder into which such files are dropped."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Generic, TypeVar

from blocks.errors import NotFound
from blocks.sources.columns import games_of
from blocks.sources.eastern import calendar_date
from blocks.sources.faults import BadFile
from blocks.sources.reading import SUFFIXES, read_table
from blocks.sources.source import GameSource
from blocks.sources.timeline import Timeline

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    import pandas as pd

Stamp = tuple[str, int, int, int]

K = TypeVar("K")
V = TypeVar("V")


class Cache(Generic[K, V]):
    """Keep the last few values that were made, for any thread."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[K, V] = OrderedDict()
        self._lock = Lock()

    def get(self, key: K, make: Callable[[K], V]) -> V:
        """Return the value of a key, made now if it is not kept."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        value = make(key)
        with self._lock:
            self._kept[key] = value
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return value


def read_games(path: Path | str) -> pd.DataFrame:
    """Return one file as the games frame, every row as found and in its order; raises BadFile or NotFound.

    >>> read_games("tonight.csv")
    Traceback (most recent call last):
    ...
    blocks.errors.NotFound: there is no file tonight.csv. Name a CSV or Parquet file of games.
    """
    path = Path(path)
    if not path.is_file():
        raise NotFound(f"there is no file {path}.", "Name a CSV or Parquet file of games.")
    if not path.name.endswith(SUFFIXES):
        raise BadFile(path, f"a name that ends in {', '.join(SUFFIXES)}", path.name)
    return games_of(read_table(path))


class FileSource(GameSource):
    """Read games from a file, or from all files of a folder in the order of their names.

    Of two rows on one game the later stands (`timeline`). Files are read again when they change, and only those. Names
    that begin with a dot, and endings other than .csv, .csv.gz, .parquet and .pq, are passed over: that is where a file
    still being written belongs. A bad file raises BadFile; with `set_aside=True` the others are used without it and
    `bad_files()` has the reasons.
    """

    def __init__(self, path: Path | str, *, set_aside: bool = False) -> None:
        self.path = Path(path)
        self.set_aside = set_aside

    def slate(self, date: str, now: datetime) -> pd.DataFrame:
        """Return the games of a date as they stood at `now`."""
        return self._timeline().slate(calendar_date(date), now)

    def results(self, date: str, now: datetime) -> pd.DataFrame:
        """Return what had become of the games of a date by `now`."""
        return self._timeline().results(calendar_date(date), now)

    def history(self, until: datetime, seasons: int | None = None) -> pd.DataFrame:
        """Return the final games known at `until`, in the order of play."""
        return self._timeline().history(until, seasons)

    def covers(self, date: str) -> bool:
        """Return whether the date lies between the first and the last game of the files."""
        dates = self._timeline().dates
        return dates is not None and dates[0] <= calendar_date(date) <= dates[1]

    def bad_files(self) -> list[BadFile]:
        """Return the files that cannot be used, each with its reason."""
        return [read for read in map(_read, self._stamps()) if isinstance(read, BadFile)]

    def _stamps(self) -> tuple[Stamp, ...]:
        if self.path.is_dir():
            files = sorted(file for file in self.path.iterdir() if _is_games(file))
        elif self.path.exists():
            files = [self.path]
        else:
            raise NotFound(f"there is no file or folder {self.path}.", "Name a file of games, or a folder of them.")
        if not files:
            raise NotFound(f"the folder {self.path} holds no games.", f"Drop a file there: {', '.join(SUFFIXES)}.")
        return tuple(_stamp(file) for file in files)

    def _timeline(self) -> Timeline:
        return _timelines.get((self._stamps(), self.set_aside), _timeline)


def _timeline(of: tuple[tuple[Stamp, ...], bool]) -> Timeline:
    import pandas as pd

    stamps, set_aside = of
    read = [_read(stamp) for stamp in stamps]
    good = [frame for frame in read if not isinstance(frame, BadFile)]
    bad = [fault for fault in read if isinstance(fault, BadFile)]
    if bad and (not set_aside or not good):
        raise bad[0]
    return Timeline(pd.concat(good, ignore_index=True) if len(good) > 1 else good[0])


def _parse(stamp: Stamp) -> pd.DataFrame | BadFile:
    try:
        return read_games(stamp[0])
    except BadFile as fault:
        return fault


_parsed: Cache[Stamp, pd.DataFrame | BadFile] = Cache(most=512)
_timelines: Cache[tuple[tuple[Stamp, ...], bool], Timeline] = Cache(most=4)


def _read(stamp: Stamp) -> pd.DataFrame | BadFile:
    return _parsed.get(stamp, _parse)


def _stamp(path: Path) -> Stamp:
    found = path.stat()
    return (str(path.resolve()), found.st_ino, found.st_mtime_ns, found.st_size)


def _is_games(path: Path) -> bool:
    return path.is_file() and not path.name.startswith(".") and path.name.endswith(SUFFIXES)
