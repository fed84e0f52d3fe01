"""The columns of a frame of games, checked all before any is used."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from blocks.sources.eastern import DEFAULT_TIP, minutes_of, tips
from blocks.sources.faults import BadFile

if TYPE_CHECKING:
    import pandas as pd

    from blocks.sources.reading import Table

REQUIRED = ("game_id", "season", "date", "home", "away", "home_pts", "away_pts")
STATUSES = ("scheduled", "final", "void")
BLANKS = ("", "NA", "NaN", "nan", "null", "None")
ORDER = ("game_id", "season", "date", "home", "away", "home_pts", "away_pts", "tip_et", "neutral", "season_type")


def games_of(table: Table) -> pd.DataFrame:
    """Return a table as the games frame of the house: every row of it, in its order, with the columns typed.

    `game_id` (text; `game_uid` serves where it is blank), `season` int, `date, home, away` text, `home_pts, away_pts`
    float (NaN = not played), `tip_et, season_type` text, `neutral` int, `status`, `known_at` (UTC or NaT: from the
    start), `tip` (UTC), then the unknown columns. Raises BadFile with the first line and column at fault.
    """
    import pandas as pd

    check = _Check(table)
    check.columns()
    home_pts, away_pts = check.number("home_pts"), check.number("away_pts")
    known = {
        "game_id": check.identity(),
        "season": check.whole("season").astype("int64"),
        "date": check.date(),
        "home": check.filled("home"),
        "away": check.filled("away"),
        "home_pts": home_pts,
        "away_pts": away_pts,
        "tip_et": check.text("tip_et", ""),
        "neutral": check.flag("neutral"),
        "season_type": check.text("season_type", ""),
    }
    played = home_pts.notna() & away_pts.notna()
    known["status"] = check.one_of("status", played.map({True: "final", False: "scheduled"}))
    known["known_at"] = check.moment("known_at")
    clock = tips(known["date"], check.minutes())
    known["tip"] = check.moment("tip").fillna(clock)
    unknown = {name: _plain(table.frame[name]) for name in table.frame.columns if name not in known}
    return pd.DataFrame(known | unknown, index=table.frame.index)


def known_at(table: Table) -> pd.Series:
    """Return when each row of a table became known, in UTC; NaT where there is nothing to wait for."""
    return _Check(table).moment("known_at")


class _Check:
    """Answer for one column at a time, as typed values or as BadFile."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._frame = table.frame

    def columns(self) -> None:
        names = list(self._frame.columns)
        missing = [name for name in REQUIRED if name not in names and not (name == "game_id" and "game_uid" in names)]
        if missing:
            raise BadFile(
                self._table.path,
                f"the columns {', '.join(REQUIRED)}",
                f"no column {', '.join(missing)} among {', '.join(map(str, names))}",
                line=None if self._table.text is None else 1,
                column=missing[0],
            )

    def text(self, name: str, default: str) -> pd.Series:
        import pandas as pd

        if name not in self._frame.columns:
            return pd.Series(default, index=self._frame.index, dtype="str")
        values = self._frame[name]
        if not pd.api.types.is_string_dtype(values) and values.notna().any():
            self._refuse(name, values.notna(), "text")
        values = values.astype("str").fillna("")
        return values.mask(values == "", default) if default else values

    def filled(self, name: str) -> pd.Series:
        values = self.text(name, "")
        self._refuse(name, values.str.strip() == "", "a team")
        return values

    def identity(self) -> pd.Series:
        values = self.text("game_id", "")
        values = values.mask(values == "", self.text("game_uid", ""))
        self._refuse("game_id", values == "", "an id")
        return values

    def date(self) -> pd.Series:
        import pandas as pd

        values = self._frame["date"]
        if pd.api.types.is_datetime64_any_dtype(values):
            values = values.dt.strftime("%Y-%m-%d")
        values = values.astype("str").fillna("")
        real = pd.to_datetime(values, format="%Y-%m-%d", errors="coerce").notna() & (values.str.len() == 10)
        self._refuse("date", ~real, "a date as YYYY-MM-DD")
        return values

    def number(self, name: str, expected: str = "a number, or nothing for a game not played") -> pd.Series:
        import pandas as pd

        values = self._frame[name]
        numbers = pd.to_numeric(values, errors="coerce").astype("float64")
        blank = values.isna() | values.isin(BLANKS)
        self._refuse(name, ~blank & ~np.isfinite(numbers), expected)
        return numbers.mask(blank, np.nan)

    def whole(self, name: str) -> pd.Series:
        expected = "the year in which the season ends, such as 2026"
        numbers = self.number(name, expected)
        self._refuse(name, ~(numbers % 1 == 0), expected)
        return numbers

    def flag(self, name: str) -> pd.Series:
        import pandas as pd

        if name not in self._frame.columns:
            return pd.Series(0, index=self._frame.index, dtype="int64")
        numbers = self.number(name, "0 or 1").fillna(0)
        self._refuse(name, ~numbers.isin([0, 1]), "0 or 1")
        return numbers.astype("int64")

    def one_of(self, name: str, default: pd.Series) -> pd.Series:
        values = self.text(name, "")
        self._refuse(name, ~values.isin(["", *STATUSES]), " or ".join(STATUSES))
        return values.mask(values == "", default).astype("str")

    def moment(self, name: str) -> pd.Series:
        import pandas as pd

        if name not in self._frame.columns:
            return pd.Series(pd.NaT, index=self._frame.index, dtype="datetime64[us, UTC]")
        values = self._frame[name]
        moments = pd.to_datetime(values, format="ISO8601", errors="coerce", utc=True).dt.as_unit("us")
        blank = values.isna() | values.isin(BLANKS)
        self._refuse(name, ~blank & moments.isna(), "a moment in UTC as YYYY-MM-DDTHH:MM:SSZ")
        return moments

    def minutes(self) -> np.ndarray:
        if "tip_et" not in self._frame.columns:
            return np.full(len(self._frame), DEFAULT_TIP)
        clocks = self.text("tip_et", "")
        read = {clock: minutes_of(clock) for clock in clocks.unique()}
        self._refuse("tip_et", clocks.map(lambda clock: read[clock] is None).astype(bool), "a time such as 7:30 pm")
        return np.array([read[clock] for clock in clocks.tolist()], dtype=int)

    def _refuse(self, name: str, bad: pd.Series, expected: str) -> None:
        import pandas as pd

        rows = np.flatnonzero(bad.to_numpy(dtype=bool))
        if rows.size:
            value = self._frame[name].iloc[int(rows[0])] if name in self._frame.columns else None
            found = "nothing" if pd.isna(value) or not str(value).strip() else repr(str(value))
            found += f" (and in {rows.size - 1} more rows)" if rows.size > 1 else ""
            line = self._table.line(int(rows[0]))
            raise BadFile(self._table.path, expected, found, line=line, column=name)


def _plain(values: pd.Series) -> pd.Series:
    """Return an unknown column as numbers where all of it is, except ids, which a number would rob of their zeros."""
    import pandas as pd

    if not pd.api.types.is_string_dtype(values):
        return values
    blank = values == ""
    if blank.all() or values.str.match(r"[+-]?0\d").any():
        return values
    numbers = pd.to_numeric(values, errors="coerce")
    return numbers if bool((numbers.notna() | blank).all()) else values
