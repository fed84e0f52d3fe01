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
        low, high = pair.outcome_range
        new[~new_good] = blank if pair.classes else (float(pair.fallback) - low) / (high - low)
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
    sealed, repeated = _keyed(predictions, ["unit", "version", "made_at", "night", "tip_at"], ["p"])
    sealed = _typed(sealed).assign(version=sealed["version"].astype(str))
    sealed = sealed[sealed["version"].isin([pair.champion, pair.challenger])]
    told, again = _keyed(outcomes, ["unit", "night", "revision"], ["status", "outcome"])
    told = _typed(told)
    labels, counts = _labels(told)
    record, late = _of_record(sealed, _tips(sealed, told))
    known = labels["unit"].isin(sealed["unit"])
    rows = labels[known].sort_values(["night", "unit"], ignore_index=True)
    p_old, p_new = (_column(record, version, rows["unit"], pair) for version in (pair.champion, pair.challenger))
    old, new, answered, replaced = fill(p_old, p_new, pair)
    nights, low, high = sorted(set(rows["night"])), *pair.outcome_range
    place = {night: at for at, night in enumerate(nights)}
    return Ledger(
        nights=tuple(nights),
        night=rows["night"].map(place).to_numpy(dtype=int),
        unit=rows["unit"].to_numpy(dtype=object),
        p_old=old,
        p_new=new,
        y=(rows["outcome"].to_numpy(dtype=float) - low) / (high - low),
        answered=answered,
        closed=tuple(sorted(set(closed))),
        counts=Counts(late, repeated + again, unforecast=int((~known).sum()), **counts, **replaced),
        overdue=() if now is None else _overdue(sealed, told, now - timedelta(hours=pair.overdue_hours)),
    )


def _keyed(frame: DataFrame, key: list[str], content: list[str]) -> tuple[DataFrame, int]:
    """Return the frame with one row per key and how many repeats went; the same key with another content is refused."""
    missing = [name for name in key + content if name not in frame.columns]
    if missing:
        raise BadInput(missing[0], f"no such column; the table has {', '.join(map(str, frame.columns))}")
    once = frame.drop_duplicates(key + content)
    clash = once.duplicated(key)
    if clash.any():
        told = ", ".join(f"{name} {value}" for name, value in once.loc[clash, key].iloc[0].items())
        raise BadInput(content[0], f"{told} is recorded twice with different contents; correct the store")
    return once, len(frame) - len(once)


def _typed(frame: DataFrame) -> DataFrame:
    """Return the frame with times as times and outcomes as numbers, whatever an all-blank column was read as."""
    import pandas as pd

    times = {name: pd.to_datetime(frame[name], utc=True) for name in ("made_at", "tip_at") if name in frame}
    numbers = {name: pd.to_numeric(frame[name]) for name in ("outcome",) if name in frame}
    return frame.assign(**times, **numbers)


def _labels(told: DataFrame) -> tuple[DataFrame, dict[str, int]]:
    """Return the latest final row of each unit. Void and moved withdraw a label from their own night alone."""
    strange = ~told["status"].isin(["final", "void", "moved", "scheduled"])
    if strange.any():
        raise BadInput("status", f"{told.loc[strange, 'status'].iloc[0]!r} is not final, void, moved or scheduled")
    final = told[(told["status"] == "final") & told["outcome"].notna()]
    decided = told[told["status"].isin(["void", "moved"]) | told.index.isin(final.index)]
    latest = decided.sort_values(["unit", "night", "revision"]).drop_duplicates(["unit", "night"], keep="last")
    order = ["unit", "revision", "recorded_at", "night"]
    labels = latest[latest["status"] == "final"].sort_values(order).drop_duplicates("unit", keep="last")
    distinct = final.drop_duplicates(["unit", "night", "outcome"])
    counts = {
        "corrected": int(distinct.loc[distinct.duplicated(["unit", "night"]), "unit"].nunique()),
        "void": int(latest.loc[latest["status"] == "void", "unit"].nunique()),
        "moved": int(latest.loc[latest["status"] == "moved", "unit"].nunique()),
        "unlabelled": int((~told["unit"].drop_duplicates().isin(decided["unit"])).sum()),
    }
    return labels, counts


def _tips(sealed: DataFrame, told: DataFrame) -> Series:
    """Return the actual tip-off of each unit: as told with the label, else as known when it was forecast last."""
    order = sealed.sort_values(["unit", "made_at", "tip_at"], ascending=[True, True, False])
    tips = order.drop_duplicates("unit", keep="last").set_index("unit")["tip_at"]
    if "tip_at" in told.columns:
        actual = told[told["tip_at"].notna()].sort_values(["unit", "revision", "recorded_at"])
        tips.update(actual.drop_duplicates("unit", keep="last").set_index("unit")["tip_at"])
    return tips


def _of_record(sealed: DataFrame, tips: Series) -> tuple[DataFrame, int]:
    """Return the last forecast sealed before tip-off per unit and version, and how many came too late."""
    timed = sealed.join(tips.rename("actual"), on="unit")
    timely = timed[timed["made_at"] < timed["actual"]]
    order = ["unit", "version", "made_at", "night", "tip_at"]
    return timely.sort_values(order).drop_duplicates(["unit", "version"], keep="last"), len(sealed) - len(timely)


def _column(record: DataFrame, version: str, units: Series, pair: Pair) -> Array:
    """Return a version's forecasts in the order of units, brought to [0, 1]; NaN where it has none."""
    mine = record[record["version"] == version].set_index("unit")["p"].reindex(units)
    if pair.classes is not None:
        blank = (np.nan,) * pair.classes
        return np.array([p if isinstance(p, tuple) and len(p) == pair.classes else blank for p in mine], dtype=float)
    low, high = pair.outcome_range
    return (mine.to_numpy(dtype=float, na_value=np.nan) - low) / (high - low)


def _overdue(sealed: DataFrame, told: DataFrame, deadline: datetime) -> tuple[str, ...]:
    labelled = told[(told["status"] == "final") & told["outcome"].notna()]
    gone = told[told["status"].isin(["void", "moved"])]
    due = sealed[(sealed["tip_at"] < deadline) & ~sealed["unit"].isin(labelled["unit"])]
    left = due[~(due["unit"] + "\n" + due["night"]).isin(gone["unit"] + "\n" + gone["night"])]
    return tuple(sorted(set(left["unit"])))
