"""Lay a frame of the context beside the rows, such as the schedule beside the results."""

from __future__ import annotations

from typing import TYPE_CHECKING

from blocks.suites.suite import Join

if TYPE_CHECKING:
    import pandas as pd

Key = tuple[str | tuple[str, str], ...]


def beside(frame: pd.DataFrame, join: Join, other: pd.DataFrame) -> pd.DataFrame:
    """Return the frame with `<name>_<column>` of the partner of each row, missing where it has none.

    A key finds a partner only where it is unique in the other frame; the first key that finds one for at least half of
    the rows is used, else the first that both frames have.
    """
    usable = [key for key in join.keys if _has(frame, key) and _has(other, key)]
    if not usable:
        return frame
    columns = [column for column in join.columns if column in other.columns]
    candidates = [_partners(frame, other, key)[columns] for key in usable]
    best = next((found for found in candidates if found.notna().any(axis=1).mean() >= 0.5), candidates[0])
    named = best.set_axis([f"{join.frame}_{column}" for column in columns], axis=1).set_axis(frame.index)
    return frame.drop(columns=[name for name in named.columns if name in frame.columns]).join(named)


def _has(frame: pd.DataFrame, key: Key) -> bool:
    return all(part in frame.columns for one in key for part in ((one,) if isinstance(one, str) else one))


def _partners(frame: pd.DataFrame, other: pd.DataFrame, key: Key) -> pd.DataFrame:
    theirs = _spelled(other, key)
    unique = other[~theirs.duplicated(keep=False).to_numpy() & (theirs != "").to_numpy()]
    return unique.set_axis(theirs.loc[unique.index], axis=0).reindex(_spelled(frame, key))


def _spelled(frame: pd.DataFrame, key: Key) -> pd.Series:
    import pandas as pd

    parts = [_part(frame, one).to_numpy() for one in key]
    spelled = [
        "|".join(map(str, row)) if all(isinstance(part, str) for part in row) else ""
        for row in zip(*parts, strict=True)
    ]
    return pd.Series(spelled, index=frame.index, dtype="object")


def _part(frame: pd.DataFrame, one: str | tuple[str, str]) -> pd.Series:
    if isinstance(one, str):
        return frame[one].astype("str")
    a, b = (frame[name].astype("str") for name in one)
    return a.where(a <= b, b).str.cat(b.where(a <= b, a), sep="-")
