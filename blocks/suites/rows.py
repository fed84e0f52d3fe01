"""Checks of single rows that Great Expectations lacks: a frame in, a finding out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from blocks.suites.finding import Finding, of_rows

if TYPE_CHECKING:
    import pandas as pd

Mask = NDArray[np.bool_]


def where(frame: pd.DataFrame, condition: str) -> Mask:
    """Return the rows for which a condition in the columns' names is true; an empty condition is true of all.

    The condition is evaluated by pandas, so `&`, `|`, `~`, comparisons, arithmetic and `.str` methods may be used.
    """
    if not condition:
        return np.ones(len(frame), dtype=bool)
    truth: Any = frame.eval(condition, engine="python")
    return np.asarray(truth.fillna(False) if hasattr(truth, "fillna") else truth, dtype=bool)


def satisfy(frame: pd.DataFrame, condition: str, columns: Sequence[str], only_where: str = "") -> Finding:
    """Check a condition in every row in which none of its columns is missing."""
    asked = where(frame, only_where) & frame[list(columns)].notna().all(axis=1).to_numpy()
    return of_rows(asked & ~where(frame, condition), f"not {condition}")


def appear_once(
    frame: pd.DataFrame, columns: Sequence[str], content: Sequence[str] = (), unordered: Sequence[str] = ()
) -> Finding:
    """Check that no two rows share a key; rows in which a part of it is missing are not compared.

    content: copies that agree in these are one row too many each; copies that contradict each other are all at fault.
    unordered: two columns of the key that mean the same in either order.
    """
    key = _key(frame, columns, unordered)
    known = key.notna().all(axis=1).to_numpy()
    repeated = key.duplicated(keep=False).to_numpy() & known
    if not repeated.any():
        return Finding(True)
    later = key.duplicated(keep="first").to_numpy() & known
    there = [name for name in content if name in frame.columns]
    contradicts = repeated & _contradicted(key, frame[there]) if there else np.zeros(len(frame), dtype=bool)
    shown = ", ".join([*columns, *unordered])
    copies = f"{int((later & ~contradicts).sum())} copies, {int(contradicts.sum())} rows that contradict each other"
    return of_rows(later | contradicts, f"the same {shown} more than once: {copies}")


def _contradicted(key: pd.DataFrame, content: pd.DataFrame) -> Mask:
    both = key.join(content.add_prefix("content_"))
    told = both.groupby(list(both.columns), sort=False, dropna=False).ngroup()
    groups = key.groupby(list(key.columns), sort=False, dropna=False).ngroup().to_numpy()
    return np.asarray(told.groupby(groups).transform("nunique") > 1, dtype=bool)


def _key(frame: pd.DataFrame, columns: Sequence[str], unordered: Sequence[str]) -> pd.DataFrame:
    key = frame[list(columns)].copy()
    if unordered:
        a, b = (frame[name].astype(str) for name in unordered)
        key["first"], key["second"] = a.where(a <= b, b), b.where(a <= b, a)
    return key


def once_per(frame: pd.DataFrame, group: str, columns: Sequence[str], only_where: str = "") -> Finding:
    """Check that a value stands at most once per group, in whichever of the columns; copies of a pairing count once."""
    import pandas as pd

    asked = where(frame, only_where)
    pairs = _key(frame, [group], columns)[asked]
    pairs = pairs[~pairs.duplicated().to_numpy()]
    long = pd.concat([pairs[[group, name]].set_axis([group, "value"], axis=1) for name in ("first", "second")])
    twice = long[long.duplicated(keep=False).to_numpy()].drop_duplicates()
    seen = set(zip(twice[group], twice["value"], strict=True))
    bad = np.zeros(len(frame), dtype=bool)
    for name in columns:
        bad |= np.array([pair in seen for pair in zip(frame[group], frame[name], strict=True)], dtype=bool)
    return of_rows(asked & bad, f"twice on one {group}: {', '.join(sorted({str(value) for _, value in seen})[:5])}")


def ids_spell(frame: pd.DataFrame, column: str, parts: Sequence[str], shape: str) -> Finding:
    """Check that ids of a given shape are spelled from the other columns, without hyphens inside a part."""
    ids = frame[column].astype("str")
    spelled = frame[parts[0]].astype("str").str.replace("-", "")
    for part in parts[1:]:
        spelled = spelled.str.cat(frame[part].astype("str"), sep="-")
    asked = ids.str.fullmatch(shape).fillna(False).to_numpy(dtype=bool)
    return of_rows(asked & (ids != spelled).to_numpy(), f"{column} is not {'-'.join(parts)} of its own row")


def dates_in_season(frame: pd.DataFrame, column: str, season: str, first: str, last: str) -> Finding:
    """Check that a season is labelled by the year it ends in: dates from `first` of the year before to `last` of it."""
    import pandas as pd

    dates = frame[column].astype(str).to_numpy(dtype=str)
    years = pd.to_numeric(frame[season], errors="coerce")
    known = years.notna().to_numpy() & frame[column].notna().to_numpy()
    year = years.fillna(0).astype(int)
    begins = ((year - 1).astype(str) + f"-{first}").to_numpy(dtype=str)
    ends = (year.astype(str) + f"-{last}").to_numpy(dtype=str)
    bad = known & ((dates < begins) | (dates > ends))
    return of_rows(bad, f"{column} outside the season, which is labelled by the year it ends in ({first} to {last})")


def implied(price: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the probability that an American price implies, its margin included.

    >>> implied(np.array([-150.0, 130.0])).round(3).tolist()
    [0.6, 0.435]
    """
    size = np.abs(price)
    return np.where(price < 0, size, 100.0) / (100.0 + size)


def overround(frame: pd.DataFrame, prices: Sequence[str], low: float, high: float) -> Finding:
    """Check that two American prices of one game imply a total between `low` and `high`; both must be there."""
    total = sum(implied(frame[name].to_numpy(dtype=float)) for name in prices)
    bad = np.isfinite(total) & ~((total >= low) & (total <= high))
    most = np.max(np.asarray(total)[bad]) if bad.any() else 0.0
    return of_rows(np.asarray(bad), f"prices that imply {most:.2f} in all, expected {low:g} to {high:g}")


def prices_agree(frame: pd.DataFrame, prices: Sequence[str], tolerance: float) -> Finding:
    """Check that two books agree on the home probability; prices: home and away of one, home and away of the other."""
    a_home, a_away, b_home, b_away = (implied(frame[name].to_numpy(dtype=float)) for name in prices)
    gap = np.abs(a_home / (a_home + a_away) - b_home / (b_home + b_away))
    return of_rows(np.isfinite(gap) & (gap > tolerance), f"two books more than {tolerance:g} apart in probability")


def mirror(frame: pd.DataFrame, group: str, pairs: Sequence[Sequence[str]], flag: str) -> Finding:
    """Check that a group is two rows that mirror each other: a of one is b of the other, and one carries the flag."""
    ordered = frame.assign(row_=np.arange(len(frame))).sort_values([group, flag], kind="stable")
    sizes = ordered.groupby(group, sort=False)[group].transform("size").to_numpy()
    bad = sizes != 2
    two = ordered[~bad]
    one, other = two.iloc[::2], two.iloc[1::2]
    wrong = ~((one[flag].to_numpy() == 0) & (other[flag].to_numpy() == 1))
    for a, b in pairs:
        wrong |= (one[a].to_numpy() != other[b].to_numpy()) | (one[b].to_numpy() != other[a].to_numpy())
    rows = np.concatenate([ordered["row_"].to_numpy()[bad], one["row_"][wrong], other["row_"][wrong]]).astype(int)
    return Finding(
        rows.size == 0, f"a {group} is not two rows that mirror each other" if rows.size else "", np.sort(rows)
    )
