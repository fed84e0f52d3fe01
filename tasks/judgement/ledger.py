"""The ledger: a row per unit with both forecasts of record and the latest final label; what counts is decided here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tasks.judgement.mixture import Array
from tasks.judgement.paired import row_wise
from tasks.rollout.refusal import BadInput

if TYPE_CHECKING:
    from pandas import DataFrame, Series

Rows = dict[str, NDArray[Any]]
Names = NDArray[np.object_]
BEFORE, NEVER = -(2**63) + 1, 2**63 - 1
# a forecast of unknown time was never in time; a tip-off of unknown time was before everything
STATUSES = ("scheduled", "final", "void", "moved")
FINAL, VOID, MOVED = 1, 2, 3


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

    def scaled(self, values: Array) -> Array:
        """Return forecasts or outcomes brought from the outcome's range to [0, 1]."""
        return (values - self.outcome_range[0]) / (self.outcome_range[1] - self.outcome_range[0])


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
    """Labelled units as columns; night is the place in `nights` (ascending). Only `closed` nights become looks.

    overdue: units that have waited too long for their label. ended: whether no night will come any more.
    """

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
    blank = np.array([1.0 / (pair.classes or 2)])
    old[~old_good] = blank
    number = blank if pair.classes or pair.fallback == "champion" else pair.scaled(np.array([float(pair.fallback)]))
    new[~new_good] = old[~new_good] if pair.fallback == "champion" else number
    names = ("missing_old", "impossible_old", "missing_new", "impossible_new")
    return old, new, new_good, dict(zip(names, old_counts + new_counts, strict=True))


def _judge_forecasts(p: Array) -> tuple[NDArray[np.bool_], int, int]:
    present, good = row_wise(~np.isnan(p)), row_wise((p >= 0) & (p <= 1))
    if p.ndim == 2:
        good &= np.abs(p.sum(axis=1) - 1.0) < 1e-6
    return good, int((~present).sum()), int((present & ~good).sum())


def build_ledger(predictions: DataFrame, outcomes: DataFrame, pair: Pair, closed: Iterable[str]) -> Ledger:
    """Return the ledger of a pair of versions, the same for any order of the rows.

    predictions: unit, version, p, made_at, tip_at, night, a row per sealed forecast, whoever it served. outcomes: unit,
    revision, status (final, void, moved, scheduled), outcome, night, recorded_at, and tip_at where the actual tip-off
    is known. closed: the nights that may be looks. Raises BadInput where one key carries two contents, naming its unit.
    """
    sealed, told, units, nights = _coded(_sealed(predictions, pair), _told(outcomes))
    sealed, repeated = _once(sealed, ("unit", "version", "made", "night", "tip"), "p", units)
    told, again = _once(told, ("unit", "night", "revision"), "outcome", units)
    labels, counts = _labels(told, len(units))
    known = _marked(sealed["unit"], len(units))[labels["unit"]]
    rows = _sorted(_where(labels, known), "night", "unit")
    timely = sealed["made"] < _tips(sealed, told, len(units))[sealed["unit"]]
    record = (_of_record(_where(sealed, timely & (sealed["version"] == k)), len(units)) for k in (0, 1))
    p_old, p_new = (p[rows["unit"]] for p in record)
    old, new, answered, replaced = fill(p_old, p_new, pair)
    played, night = np.unique(rows["night"], return_inverse=True)
    dropped = Counts(int((~timely).sum()), repeated + again, unforecast=int((~known).sum()), **counts, **replaced)
    names, y = (tuple(nights[played].tolist()), night, units[rows["unit"]]), pair.scaled(rows["outcome"])
    return Ledger(*names, old, new, y, answered, tuple(sorted(set(closed))), dropped)


def _require(frame: DataFrame, *columns: str) -> DataFrame:
    missing = [name for name in columns if name not in frame.columns]
    if missing:
        raise BadInput(missing[0], f"no such column; the table has {', '.join(map(str, frame.columns))}")
    return frame


def _kinds(column: Series, known: tuple[str, ...]) -> NDArray[np.int_]:
    """Return the place of each value among the known ones, -1 for any other."""
    import pandas as pd

    codes, found = pd.factorize(column)
    return np.array([*(known.index(str(one)) if str(one) in known else -1 for one in found), -1])[codes]


def _instants(times: Series, unknown: int) -> NDArray[np.int64]:
    """Return times as whole nanoseconds."""
    import pandas as pd

    there = pd.to_datetime(times, utc=True)
    return np.where(there.isna(), unknown, there.dt.as_unit("ns").astype("int64"))


def _sealed(predictions: DataFrame, pair: Pair) -> Rows:
    """Return the forecasts of the pair: version 0 (champion) or 1, p on [0, 1], of shape (n,) or (n, classes)."""
    frame = _require(predictions, "unit", "version", "p", "made_at", "tip_at", "night")
    version = _kinds(frame["version"], (pair.champion, pair.challenger))
    frame, version = frame[version >= 0], version[version >= 0]
    made, tip = _instants(frame["made_at"], NEVER), _instants(frame["tip_at"], BEFORE)
    names: Rows = {"unit": frame["unit"].array, "night": frame["night"].array}
    return names | {"version": version, "made": made, "tip": tip, "p": _forecasts(frame["p"], pair)}


def _forecasts(p: Series, pair: Pair) -> Array:
    import pandas as pd

    if pair.classes is None:
        return pair.scaled(pd.to_numeric(p, errors="coerce").to_numpy(dtype=float))
    shares, blank = (tuple(one) if isinstance(one, Iterable) else () for one in p), (np.nan,) * pair.classes
    whole = [one if len(one) == pair.classes else blank for one in shares]
    return np.array(whole, dtype=float).reshape(-1, pair.classes)


def _told(outcomes: DataFrame) -> Rows:
    """Return the outcomes; an unknown status is refused."""
    import pandas as pd

    frame = _require(outcomes, "unit", "revision", "status", "outcome", "night", "recorded_at")
    status = _kinds(frame["status"], STATUSES)
    if (status < 0).any():
        strange = frame["status"].iloc[int(np.argmin(status))]
        raise BadInput("status", f"{strange!r} is not final, void, moved or scheduled")
    outcome = pd.to_numeric(frame["outcome"]).to_numpy(dtype=float)
    status[(status == FINAL) & np.isnan(outcome)] = 0
    tip = _instants(frame["tip_at"], BEFORE) if "tip_at" in frame else np.full(len(frame), BEFORE)
    recorded, revision = _instants(frame["recorded_at"], BEFORE), frame["revision"].to_numpy(dtype=np.int64)
    names: Rows = {"unit": frame["unit"].array, "night": frame["night"].array}
    return names | {"revision": revision, "status": status, "outcome": outcome, "recorded": recorded, "tip": tip}


def _coded(sealed: Rows, told: Rows) -> tuple[Rows, Rows, Names, Names]:
    """Return both tables with units and nights as places in their sorted names, and those names."""
    import pandas as pd

    names, n = [], len(sealed["p"])
    for column, dtype in (("unit", "str"), ("night", "object")):
        both = pd.concat([pd.Series(rows[column], dtype=dtype) for rows in (sealed, told)], ignore_index=True)
        codes, found = pd.factorize(both, sort=True)
        if (codes < 0).any():
            raise BadInput(column, f"row {int(np.argmin(codes)) % max(n, 1) + 1} of the store names none")
        sealed, told = sealed | {column: codes[:n]}, told | {column: codes[n:]}
        names.append(found.to_numpy(dtype=object))
    return sealed, told, names[0], names[1]


def _sorted(rows: Rows, *by: str) -> Rows:
    order = np.lexsort([rows[name] for name in reversed(by)])
    return {name: column[order] for name, column in rows.items()}


def _where(rows: Rows, keep: NDArray[np.bool_]) -> Rows:
    return rows if keep.all() else {name: column[keep] for name, column in rows.items()}


def _is_last(rows: Rows, *key: str) -> NDArray[np.bool_]:
    """Return which rows are the last of their key, in rows that are sorted by it."""
    changes = [rows[name][1:] != rows[name][:-1] for name in key]
    return np.append(np.logical_or.reduce(changes), True)[: len(rows[key[0]])]


def _marked(places: NDArray[np.int_], count: int) -> NDArray[np.bool_]:
    return np.bincount(places, minlength=count) > 0


def _once(rows: Rows, key: tuple[str, ...], content: str, units: Names) -> tuple[Rows, int]:
    """Return the rows sorted, one a key, and how many repeats went; the same key with another content is refused."""
    rows = _sorted(rows, *key, *(name for name in ("recorded", "tip") if name in rows and name not in key))
    last, said = _is_last(rows, *key), rows[content]
    alike = row_wise((said[1:] == said[:-1]) | (np.isnan(said[1:]) & np.isnan(said[:-1])))
    clash = ~last[:-1] & ~(alike & ("status" not in rows or rows["status"][1:] == rows["status"][:-1]))
    if clash.any():
        unit = units[rows["unit"][int(np.argmax(clash))]]
        raise BadInput(content, f"unit {unit} has two contents under one {', '.join(key)}; correct the store")
    return _where(rows, last), int((~last).sum())


def _labels(told: Rows, units: int) -> tuple[Rows, dict[str, int]]:
    """Return the latest final row of each unit. Void and moved withdraw a label from their own night alone."""
    decided, final = _where(told, told["status"] > 0), _where(told, told["status"] == FINAL)
    latest = _where(decided, _is_last(decided, "unit", "night"))
    labels = _sorted(_where(latest, latest["status"] == FINAL), "unit", "revision", "recorded", "night")
    corrected = ~_is_last(final, "unit", "night")[:-1] & (final["outcome"][1:] != final["outcome"][:-1])
    marked = {
        "corrected": final["unit"][:-1][corrected],
        **{STATUSES[gone]: latest["unit"][latest["status"] == gone] for gone in (VOID, MOVED)},
        "unlabelled": np.flatnonzero(_marked(told["unit"], units) & ~_marked(decided["unit"], units)),
    }
    counts = {name: int(_marked(places, units).sum()) for name, places in marked.items()}
    return _where(labels, _is_last(labels, "unit")), counts


def _tips(sealed: Rows, told: Rows, units: int) -> NDArray[np.int64]:
    """Return the actual tip-off of each unit: as told with the label, else as known when it was forecast last."""
    tips = np.full(units, BEFORE)
    newest = np.lexsort((-sealed["tip"], sealed["made"], sealed["unit"]))
    actual = _sorted(_where(told, told["tip"] != BEFORE), "unit", "revision", "recorded", "tip")
    tips[sealed["unit"][newest]] = sealed["tip"][newest]
    tips[actual["unit"]] = actual["tip"]
    return tips


def _of_record(sealed: Rows, units: int) -> Array:
    """Return the last forecast of each unit, in rows sorted by unit and time; NaN where there is none."""
    p = np.full((units, *sealed["p"].shape[1:]), np.nan)
    p[sealed["unit"]] = sealed["p"]
    return p
