"""A table with two forecasters, read from CSV or Parquet into a ledger; what cannot be judged is named by its row."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tasks.judgement.ledger import Counts, Ledger, Pair, fill
from tasks.judgement.paired import paired_terms
from tasks.judgement.rule import Rule
from tasks.rollout.refusal import BadInput

if TYPE_CHECKING:
    from pandas import DataFrame, Series

Night = str | int | float
NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?")
AMBIGUOUS = re.compile(r"\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4}")


@dataclass(frozen=True, slots=True)
class Columns:
    """Which column is which; without a unit every row is a unit of its own."""

    champion: str
    challenger: str
    outcome: str
    night: str
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class Forecasts:
    """The ledger of a file, its nights as the file has them, and what a person should know about it."""

    ledger: Ledger
    nights: dict[str, Night]
    notes: tuple[str, ...]


def read_forecasts(path: Path, columns: Columns, fallback: str) -> Forecasts:
    """Return the forecasts of a file; raises BadInput naming the column or the row at fault."""
    return forecasts_of(read_table(path, columns), columns, fallback)


def forecasts_of(frame: DataFrame, columns: Columns, fallback: str) -> Forecasts:
    """Return the forecasts of rows that were read; raises BadInput naming the column or the row at fault."""
    numbers = {
        name: _number(frame, column)
        for name, column in (("old", columns.champion), ("new", columns.challenger), ("y", columns.outcome))
    }
    for name, column in (("old", columns.champion), ("new", columns.challenger)):
        outside = ~numbers[name].between(0, 1) & numbers[name].notna()
        _refuse(frame, column, outside, "which is no probability; it must lie within [0, 1]", columns)
    odd = ~numbers["y"].isin([0, 1]) & numbers["y"].notna()
    _refuse(frame, columns.outcome, odd, "which is not 0, 1 or blank", columns)
    _refuse(frame, columns.night, frame[columns.night].isna(), "and every row needs its night", columns)
    labelled = numbers["y"].notna()
    kept = labelled & ~_repeated(frame[labelled], numbers["y"], columns).reindex(frame.index, fill_value=False)
    pair = Pair(columns.champion, columns.challenger, _fallback(fallback))
    ledger, nights = _ledger(frame[kept], {name: column[kept] for name, column in numbers.items()}, columns, pair)
    replaced = {
        f"blank outcomes in {columns.outcome}: skipped": int((~labelled).sum()),
        "repeated rows: the last of a unit in the file counts": int((labelled & ~kept).sum()),
        f"blank forecasts in {columns.challenger}: scored as the fallback, {fallback}": ledger.counts.missing_new,
        f"blank forecasts in {columns.champion}: scored as 0.5": ledger.counts.missing_old,
    }
    notes = [f"{column} is constant: is it the right column?" for column in _constant(frame, columns)]
    return Forecasts(ledger, nights, (*notes, *(f"{count} {what}" for what, count in replaced.items() if count)))


def _ledger(
    frame: DataFrame, numbers: dict[str, Series], columns: Columns, pair: Pair
) -> tuple[Ledger, dict[str, Night]]:
    nights = _nights(frame[columns.night])
    names = sorted(set(nights), key=lambda night: (isinstance(night, str), night))
    place = {night: at for at, night in enumerate(names)}
    texts = tuple(str(night) for night in names)
    old, new, y = (numbers[name].to_numpy(dtype=float) for name in ("old", "new", "y"))
    old, new, answered, counts = fill(old, new, pair)
    unit = frame[columns.unit] if columns.unit else frame.index.to_series()
    ledger = Ledger(
        nights=texts,
        night=np.array([place[night] for night in nights], dtype=int),
        unit=unit.to_numpy(dtype=object),
        p_old=old,
        p_new=new,
        y=y,
        answered=answered,
        closed=texts,
        counts=Counts(**counts),
    )
    return ledger, dict(zip(texts, names, strict=True))


def from_first_units(ledger: Ledger, rule: Rule, units: int = 100) -> tuple[Rule, Ledger]:
    """Return the rule with q_bar taken from the first nights of a ledger, and the ledger without those nights' looks.

    For a table that has no holdout: the nights up to and including the one that reaches `units` are a shadow.
    """
    q = paired_terms(ledger.p_old, ledger.p_new, ledger.y, rule.score, rule.clip)[1]
    seen = np.cumsum(np.bincount(ledger.night, minlength=len(ledger.nights)))
    last = int(np.searchsorted(seen, units))
    shadow = ledger.night <= last
    q_bar = math.fsum(q[shadow]) / max(1, int(shadow.sum()))
    after = set(ledger.nights[last + 1 :])
    closed = tuple(night for night in ledger.closed if night in after)
    return replace(rule, q_bar=q_bar), replace(ledger, closed=closed)


def read_table(path: Path, columns: Columns, *others: str) -> DataFrame:
    """Return the named columns of a CSV or Parquet file, and others that it must have; raises BadInput."""
    import pandas as pd

    wanted = [columns.champion, columns.challenger, columns.outcome, columns.night, *others]
    wanted += [columns.unit] if columns.unit else []
    parquet = path.suffix.lower() in (".parquet", ".pq")
    try:
        frame = pd.read_parquet(path) if parquet else pd.read_csv(path, dtype=str)
    except (OSError, ValueError, UnicodeDecodeError) as error:
        kind = "Parquet" if parquet else "CSV"
        raise BadInput("FILE", f"{path} could not be read as {kind}: {error}") from error
    for name in wanted:
        if name not in frame.columns:
            raise BadInput(name, f"{path} has no such column; it has {', '.join(map(str, frame.columns))}")
    if frame.empty:
        raise BadInput("FILE", f"{path} has no rows")
    return frame[list(dict.fromkeys(wanted))].reset_index(drop=True)


def _number(frame: DataFrame, column: str) -> Series:
    import pandas as pd

    numbers = pd.to_numeric(frame[column], errors="coerce").astype(float)
    _refuse(frame, column, frame[column].notna() & numbers.isna(), "which is not a number", None)
    return numbers


def _refuse(frame: DataFrame, column: str, bad: Series, why: str, columns: Columns | None) -> None:
    if bad.any():
        at = int(np.argmax(bad.to_numpy()))
        value = frame[column].iloc[at]
        named = f" ({frame[columns.unit].iloc[at]})" if columns and columns.unit else ""
        raise BadInput(column, f"row {at + 1}{named} holds {value!s}, {why} ({int(bad.sum())} such rows)")


def _repeated(rows: DataFrame, outcomes: Series, columns: Columns) -> Series:
    """Return which labelled rows a later row of the same unit replaces; two outcomes for a unit are refused."""
    import pandas as pd

    if columns.unit is None:
        return pd.Series(False, index=rows.index)
    _refuse(rows, columns.unit, rows[columns.unit].isna(), "and every row needs its unit", None)
    first = outcomes[rows.index].groupby(rows[columns.unit].to_numpy()).transform("first")
    clash = outcomes[rows.index] != first
    if clash.any():
        at = int(rows.index[int(np.argmax(clash.to_numpy()))])
        unit = rows[columns.unit][at]
        before = int(rows.index[int(np.argmax((rows[columns.unit] == unit).to_numpy()))])
        raise BadInput(columns.outcome, f"unit {unit} has two outcomes, in row {before + 1} and in row {at + 1}")
    return rows.duplicated(columns.unit, keep="last")


def _nights(column: Series) -> list[Night]:
    """Return the nights as they can be sorted: numbers as numbers, times as dates, else as text."""
    if column.dtype.kind == "M":
        return [str(night) for night in column.dt.strftime("%Y-%m-%d")]
    texts = [str(night) for night in column]
    distinct = set(texts)
    if all(NUMBER.fullmatch(text) for text in distinct):
        numbers = {text: float(text) for text in distinct}
        return [int(number) if number.is_integer() else number for number in (numbers[text] for text in texts)]
    odd = next((text for text in sorted(distinct) if AMBIGUOUS.fullmatch(text)), None)
    if odd is not None:
        raise BadInput(str(column.name), f"night {odd} does not sort by time as text; write dates as YYYY-MM-DD")
    return list(texts)


def _fallback(text: str) -> str | float:
    if text == "champion":
        return text
    try:
        number = float(text)
    except ValueError:
        number = float("nan")
    if not 0 <= number <= 1:
        raise BadInput("fallback", f"{text!r} is neither the word champion nor a probability")
    return number


def _constant(frame: DataFrame, columns: Columns) -> list[str]:
    return [c for c in (columns.champion, columns.challenger) if len(frame) > 1 and frame[c].nunique(dropna=False) == 1]
