"""A gate's result as a page for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

MOST = 20


def markdown(suite: str, result: Mapping[str, Any]) -> str:
    """Return the page of a gate: the verdict first, then what failed and which rows were set aside, capped."""
    parts = [
        f"## Gate {suite}: {result['verdict']}",
        f"{result['rows']} rows, {result['expectations']} expectations, {len(result['quarantined'])} rows set aside.",
    ]
    columns = ("expectation", "column", "rows", "why")
    for title, name, shown in (
        ("Failed", "failed", columns),
        ("Warnings", "warnings", columns),
        ("Set aside", "quarantined", ("row", "key", "why")),
    ):
        if result[name]:
            parts += [f"### {title}", _table(result[name], shown)]
    return "\n\n".join(parts)


def _table(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> str:
    lines = [" | ".join(columns), " | ".join("---" for _ in columns)]
    lines += [" | ".join(_cell(row[column]) for column in columns) for row in rows[:MOST]]
    if len(rows) > MOST:
        lines.append(" | ".join([f"and {len(rows) - MOST} more", *("" for _ in columns[1:])]))
    return "\n".join(f"| {line} |" for line in lines)


def _cell(value: object) -> str:
    return "" if value is None else str(value).replace("|", "\\|").replace("\n", " ")
