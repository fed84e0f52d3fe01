"""The ledger: a row per unit with both forecasts of record and the latest final label; what counts is decided here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tasks.judgement.mixture import Array
from tasks.judgement.paired import row_wise
from tasks.rollout.refusal import BadInput

if TYPE_CHECKING:
    from pandas import DataFrame, Series

Names = NDArray[np.object_]


@dataclass(frozen=True, slots=True)
class Pair:
    """Whom the ledger compares, and what a missing forecast is scored as: the champion's or a number.

    classes: number of classes where p is a vector; outcome_range: forecasts and outcomes are brought from it to [0, 1].
    """

    champion: str
    challenger: str
    fallback: str | float = "champion"
    classes: int | None = None
    outcome_range: tuple[float, float] = (0.0, 1.0)
    overdue_hours: float = 36.0

    def scaled(self, values: Array) -> Array:
        """Return forecasts or outcomes brought from the outcome's range to [0, 1]."""
        low, high = self.outcome_range
        return (values - low) / (high - low)


@dataclass(frozen=True, slots=True)
class Counts:
    """What was left out or replaced on the way into the ledger, in rows of predictions or in units."""

    late_forecasts: int = 0
    repeated: int = 0
    corrected: int = 0
    void: int = 0
    moved: int = 0
    unlabelled: int = 0
    unforecast: int = 0
    missing_old: int = 0
    missing_new: int = 0
    impossible_old: int = 0
    impossible_new: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Ledger:
    """Labelled units as columns; night is the place in `nights` (ascending). Only `closed` nights become looks."""

    nights: tuple[str, ...]
    night: NDArray[np.int_]
    unit: NDArray[np.object_]
    p_old: Array
    p_new: Array
    y: Array
    answered: NDArray[np.bool_]
    closed: tuple[str, ...]
    counts: Counts = Counts()
    overdue: tuple[str, ...] = ()
    ended: bool = False


def fill(p_old: ArrayLike, p_new: ArrayLike, pair: Pair) -> tuple[Array, Array, NDArray[np.bool_], dict[str, int]]:
    """Return both forecasts as a user would have been served them, who answered, and the counts of what was replaced.

    Blank or impossible (not finite, outside [0, 1], classes that do not add up to 1): the challenger's is scored as the
    fallback, the champion's as 0.5, or as equal shares of the classes.
    """
    old, new = np.array(p_old, dtype=float), np.array(p_new, dtype=float)
    (old_good, *old_counts), (new_good, *new_counts) = _judge_forecasts(old), _judge_forecasts(new)
    blank = 0.5 if pair.classes is None else 1.0 / pair.classes
    old[~old_good] = blank
    if pair.fallback == "champion":
        new[~new_good] = old[~new_good]
    else:
        new[~new_good] = blank if pair.classes else pair.scaled(np.array([float(pair.fallback)]))
    names = ("missing_old", "impossible_old", "missing_new", "impossible_new")
    return old, new, new_good, dict(zip(names, old_counts + new_counts, strict=True))


def _judge_forecasts(p: Array) -> tuple[NDArray[np.bool_], int, int]:
    present, good = row_wise(~np.isnan(p)), row_wise((p >= 0) & (p <= 1))
    if p.ndim == 2:
        good &= np.abs(p.sum(axis=1) - 1.0) < 1e-6
    return good, int((~present).sum()), int((present & ~good).sum())


def build_ledger(
    predictions: DataFrame, outcomes: DataFrame, pair: Pair, closed: Iterable[str], now: datetime | None = None
) -> Ledger:
    """Return the ledger of a pair of versions, the same for any order of the rows.

    predictions: unit, version, p, made_at, tip_at, night, a row per sealed forecast, whoever it served. outcomes: unit,
    revision, status (final, void, moved, scheduled), outcome, night, recorded_at, and tip_at where the actual tip-off
    is known. closed: the nights that may be looks. now: with it, units still open overdue_hours after tip-off are
    listed. Raises BadInput where one key carries two contents.
    """
    sealed, told, units, nights = _coded(_sealed(predictions, pair), _told(outcomes))
    sealed, repeated = _once(sealed, ["unit", "version", "made_at", "night", "tip_at"], "p", units)
    told, again = _once(told, ["unit", "night", "revision"], "outcome", units)
    labels, counts = _labels(told)
    record, late = _of_record(sealed, _tips(sealed, told))
    known = labels["unit"].isin(sealed["unit"].to_numpy())
    rows = labels[known].sort_values(["night", "unit"], ignore_index=True)
    p_old, p_new = (_column(record[record["version"] == k], rows["unit"], pair) for k in (0, 1))
    old, new, answered, replaced = fill(p_old, p_new, pair)
    played, night = np.unique(rows["night"].to_numpy(dtype=int), return_inverse=True)
    overdue = [] if now is None else _overdue(sealed, told, now - timedelta(hours=pair.overdue_hours))
    return Ledger(
        nights=tuple(nights[played].tolist()),
        night=night,
        unit=units[rows["unit"].to_numpy(dtype=int)],
        p_old=old,
        p_new=new,
        y=pair.scaled(rows["outcome"].to_numpy(dtype=float)),
        answered=answered,
        closed=tuple(sorted(set(closed))),
        counts=Counts(late, repeated + again, unforecast=int((~known).sum()), **counts, **replaced),
        overdue=tuple(units[overdue].tolist()),
    )


def _require(frame: DataFrame, columns: list[str]) -> DataFrame:
    missing = [name for name in columns if name not in frame.columns]
    if missing:
        raise BadInput(missing[0], f"no such column; the table has {', '.join(map(str, frame.columns))}")
    return frame.reset_index(drop=True)


def _sealed(predictions: DataFrame, pair: Pair) -> DataFrame:
    """Return the forecasts of the pair with version 0 (champion) or 1, times as times and forecasts as numbers."""
    import pandas as pd

    sealed = _require(predictions, ["unit", "version", "p", "made_at", "tip_at", "night"])
    version = sealed["version"].astype(str)
    mine = sealed[version.isin([pair.champion, pair.challenger])]
    p = mine["p"].map(_tuple) if pair.classes else pd.to_numeric(mine["p"], errors="coerce")
    times = {name: pd.to_datetime(mine[name], utc=True) for name in ("made_at", "tip_at")}
    return mine[["unit", "night"]].assign(version=(version[mine.index] == pair.challenger).astype(int), p=p, **times)


def _told(outcomes: DataFrame) -> DataFrame:
    """Return the outcomes with times as times and numbers as numbers; an unknown status is refused."""
    import pandas as pd

    told = _require(outcomes, ["unit", "revision", "status", "outcome", "night", "recorded_at"])
    strange = ~told["status"].isin(["final", "void", "moved", "scheduled"])
    if strange.any():
        raise BadInput("status", f"{told.loc[strange, 'status'].iloc[0]!r} is not final, void, moved or scheduled")
    actual = pd.to_datetime(told["tip_at"] if "tip_at" in told else pd.Series(pd.NaT, index=told.index), utc=True)
    final = (told["status"] == "final") & told["outcome"].notna()
    gone = told["status"].where(told["status"].isin(["void", "moved"]), "")
    return told.assign(tip_at=actual, outcome=pd.to_numeric(told["outcome"]), final=final, gone=gone)


def _tuple(p: object) -> tuple[object, ...] | None:
    return tuple(p) if isinstance(p, Iterable) else None


def _coded(sealed: DataFrame, told: DataFrame) -> tuple[DataFrame, DataFrame, Names, Names]:
    """Return both tables with units and nights as places in their sorted names, and those names."""
    import pandas as pd

    names = []
    for column in ("unit", "night"):
        both = pd.concat([sealed[column], told[column]], ignore_index=True).astype(object)
        codes, found = pd.factorize(both, sort=True)
        sealed, told = sealed.assign(**{column: codes[: len(sealed)]}), told.assign(**{column: codes[len(sealed) :]})
        names.append(found.to_numpy(dtype=object))
    return sealed.reset_index(drop=True), told.reset_index(drop=True), names[0], names[1]


def _once(frame: DataFrame, key: list[str], content: str, units: Names) -> tuple[DataFrame, int]:
    """Return the frame with one row per key and how many repeats went; the same key with another content is refused."""
    kept = frame.drop_duplicates([*key, content, *(["status"] if "status" in frame else [])])
    clash = kept.duplicated(key)
    if clash.any():
        unit = units[int(kept.loc[clash, "unit"].iloc[0])]
        raise BadInput(content, f"unit {unit} has two contents under one {', '.join(key)}; correct the store")
    return kept, len(frame) - len(kept)


def _labels(told: DataFrame) -> tuple[DataFrame, dict[str, int]]:
    """Return the latest final row of each unit. Void and moved withdraw a label from their own night alone."""
    decided = told[told["final"] | (told["gone"] != "")]
    latest = decided.sort_values(["unit", "night", "revision"]).drop_duplicates(["unit", "night"], keep="last")
    order = ["unit", "revision", "recorded_at", "night"]
    labels = latest[latest["final"]].sort_values(order).drop_duplicates("unit", keep="last")
    distinct = told[told["final"]].drop_duplicates(["unit", "night", "outcome"])
    counts = {
        "corrected": distinct.loc[distinct.duplicated(["unit", "night"]), "unit"].nunique(),
        "void": latest.loc[latest["gone"] == "void", "unit"].nunique(),
        "moved": latest.loc[latest["gone"] == "moved", "unit"].nunique(),
        "unlabelled": told["unit"].nunique() - decided["unit"].nunique(),
    }
    return labels, counts


def _tips(sealed: DataFrame, told: DataFrame) -> Series:
    """Return the actual tip-off of each unit: as told with the label, else as known when it was forecast last."""
    order = sealed.sort_values(["unit", "made_at", "tip_at"], ascending=[True, True, False])
    tips = order.drop_duplicates("unit", keep="last").set_index("unit")["tip_at"]
    actual = told[told["tip_at"].notna()].sort_values(["unit", "revision", "recorded_at"])
    tips.update(actual.drop_duplicates("unit", keep="last").set_index("unit")["tip_at"])
    return tips


def _of_record(sealed: DataFrame, tips: Series) -> tuple[DataFrame, int]:
    """Return the last forecast sealed before tip-off per unit and version, and how many came too late."""
    timed = sealed.join(tips.rename("actual"), on="unit")
    timely = timed[timed["made_at"] < timed["actual"]]
    order = ["unit", "version", "made_at", "night", "tip_at"]
    return timely.sort_values(order).drop_duplicates(["unit", "version"], keep="last"), len(sealed) - len(timely)


def _column(record: DataFrame, units: Series, pair: Pair) -> Array:
    """Return a version's forecasts in the order of units, brought to [0, 1]; NaN where it has none."""
    mine = record.set_index("unit")["p"].reindex(units)
    if pair.classes is None:
        return pair.scaled(mine.to_numpy(dtype=float))
    blank = (np.nan,) * pair.classes
    return np.array([p if isinstance(p, tuple) and len(p) == pair.classes else blank for p in mine], dtype=float)


def _overdue(sealed: DataFrame, told: DataFrame, deadline: datetime) -> list[int]:
    """Return the units whose tip-off was before the deadline, not gone from that night, and without a final label."""
    due = sealed[(sealed["tip_at"] < deadline) & ~sealed["unit"].isin(told.loc[told["final"], "unit"].to_numpy())]
    gone = told.loc[told["gone"] != "", ["unit", "night"]]
    left = due.merge(gone.drop_duplicates(), on=["unit", "night"], how="left", indicator=True)
    return sorted(set(left.loc[left["_merge"] == "left_only", "unit"]))
