"""Run a suite on a frame and say whether the frame may pass, which rows are set aside, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from blocks.suites.beside import beside
from blocks.suites.measuring import Measured, measure
from blocks.suites.suite import Item, Suite
from blocks.suites.tables import no_pointer

if TYPE_CHECKING:
    import pandas as pd

_NAMING = ("column", "column_A", "column_B", "group", "column_list", "columns", "unordered")
MOST_EXAMPLES = 20
EMPTY = Item(type="expect_table_row_count_to_be_between", kwargs={"min_value": 1}, why="an empty table proves nothing")

POINTER = Item(type="expect_table_to_be_no_pointer")


def run_suite(
    suite: Suite, frame: pd.DataFrame, context: Mapping[str, object], documented: bool = False
) -> dict[str, object]:
    """Return `{"verdict", "failed", "quarantined", "warnings", "expectations", "skipped", "rows", "data_docs"}`.

    Rows are positions in the frame, from 0. A row is quarantined where only expectations that allow it fail, and not
    too many rows at once; of an empty frame, or one of which no row is left, nothing is ever PASS.
    """
    table = _beside(suite, frame.reset_index(drop=frame.index.name is None), context)
    items, asked = _items(suite, table, context)
    measured, page = measure(asked, table, _parameters(context), documented)
    set_aside = _set_aside(measured, suite, len(table))
    quarantined = _quarantined(set_aside, table, suite.key)
    bad = [one for one in measured if not one.passed and one not in set_aside]
    failed = [one for one in bad if one.item.severity == "critical"]
    left = len(table) - len({row for one in set_aside for row in _rows(one)})
    failures = [_told(one) for one in failed]
    if not failed and left == 0:
        failures.append({**_told(Measured(EMPTY, False, len(table))), "why": "no row is left after the quarantine"})
    return {
        "verdict": "FAIL" if failures else "PASS",
        "failed": failures,
        "quarantined": quarantined,
        "warnings": [_told(one) for one in bad if one.item.severity != "critical"],
        "expectations": len(asked),
        "skipped": len(items) - len(asked),
        "rows": len(table),
        "data_docs": page,
    }


def _items(suite: Suite, table: pd.DataFrame, context: Mapping[str, object]) -> tuple[tuple[Item, ...], list[Item]]:
    """Return the expectations of a suite, and those among them that are asked of this table."""
    items = (EMPTY, *suite.expectations) if no_pointer(table).passed else (POINTER,)
    return items, [item for item in items if all(_is_there(name, table, context) for name in item.when)]


def _parameters(context: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in context.items() if not _is_frame(value)}


def _beside(suite: Suite, table: pd.DataFrame, context: Mapping[str, object]) -> pd.DataFrame:
    other: Any = context.get(suite.join.frame) if suite.join else None
    return table if suite.join is None or other is None else beside(table, suite.join, other)


def _is_there(name: str, table: pd.DataFrame, context: Mapping[str, object]) -> bool:
    if name in table.columns:
        column = table[name]
        return bool((column.notna() & (column.astype("str") != "")).any())
    return context.get(name) is not None


def _is_frame(value: object) -> bool:
    import pandas as pd

    return isinstance(value, pd.DataFrame)


def _set_aside(measured: Sequence[Measured], suite: Suite, size: int) -> list[Measured]:
    """Return the failures whose rows may be set aside: none, if all of them together are too many."""
    found = [one for one in measured if _may_be_set_aside(one, suite, size)]
    most = max((_limit(one.item, suite) for one in found), default=0.0)
    together = {row for one in found for row in _rows(one)}
    return found if len(together) <= max(1, int(most * size)) else []


def _may_be_set_aside(one: Measured, suite: Suite, size: int) -> bool:
    if one.passed or not one.item.quarantine or one.rows is None:
        return False
    return len(one.rows) <= max(1, int(_limit(one.item, suite) * size))


def _limit(item: Item, suite: Suite) -> float:
    return suite.quarantine_limit if item.limit is None else item.limit


def _rows(one: Measured) -> list[int]:
    return [] if one.rows is None else [int(row) for row in one.rows]


def _quarantined(set_aside: Sequence[Measured], table: pd.DataFrame, key: str) -> list[dict[str, object]]:
    reasons: dict[int, list[str]] = {}
    for one in set_aside:
        for row in _rows(one):
            reasons.setdefault(row, []).append(_why_of(one, table, row))
    rows = sorted(reasons)
    # only these rows are written as text: a whole column of a million costs more than all the checks
    keys = table[key].iloc[rows].astype("str").tolist() if key in table.columns else [None] * len(rows)
    return [{"row": row, "key": one, "why": "; ".join(reasons[row])} for row, one in zip(rows, keys, strict=True)]


def _why_of(one: Measured, table: pd.DataFrame, row: int) -> str:
    values = ", ".join(f"{name} = {_shown(table[name].iloc[row])}" for name in _columns(one.item)[:4] if name in table)
    return f"{one.item.why or one.item.type} ({values})"


def _shown(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _columns(item: Item) -> list[str]:
    named = [item.kwargs[name] for name in _NAMING if name in item.kwargs]
    return list(dict.fromkeys(str(name) for name in _flat(named)))


def _told(one: Measured) -> dict[str, object]:
    return {
        "expectation": one.item.type,
        "column": ", ".join(_columns(one.item)) or None,
        "rows": one.count,
        "why": _why(one),
        "examples": _rows(one)[:MOST_EXAMPLES],
    }


def _flat(columns: object) -> list[object]:
    if not isinstance(columns, list | tuple):
        return [columns]
    return [name for column in columns for name in _flat(column)]


def _why(one: Measured) -> str:
    return ": ".join(filter(None, [one.item.why, one.why])) or f"not as {one.item.type} says"
