"""What a verb prints: progress on stderr, the answer on stdout."""

from __future__ import annotations

import contextlib
import json
import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from enum import Enum
from pathlib import Path
from typing import TextIO

import click


class _Stdout:
    """Where the answer goes; kept apart while a verb's own prints are sent to stderr."""

    reserved: TextIO | None = None


def say(line: str) -> None:
    """Print a line for a person on stderr at once."""
    click.echo(line, err=True)


def tell(text: str) -> None:
    """Print the answer for a person on stdout."""
    click.echo(text, file=_Stdout.reserved)


def emit(answer: Mapping[str, object]) -> None:
    """Print one JSON object on stdout: times as ISO 8601, what is not a number as null."""
    click.echo(json.dumps(plain(answer), ensure_ascii=False, allow_nan=False), file=_Stdout.reserved)


def plain(value: object) -> object:
    """Return a value in JSON's own types.

    >>> plain({"at": date(2024, 4, 2), "p": float("nan"), "rows": (1, 2)})
    {'at': '2024-04-02', 'p': None, 'rows': [1, 2]}
    """
    scalar = getattr(value, "item", None)
    if callable(scalar) and not getattr(value, "shape", None):
        value = scalar()
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    return _plain_scalar(value)


def _plain_scalar(value: object) -> object:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Enum):
        return plain(value.value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Path):
        return str(value)
    rows = getattr(value, "tolist", None)
    return plain(rows()) if callable(rows) else value


def table(rows: Sequence[Mapping[str, object]], columns: Sequence[str], width: int = 90) -> str:
    """Return rows as lines of aligned columns for a terminal; what is longer than `width` is cut.

    >>> print(table([{"version": "7", "stage": "PROMOTED"}, {"version": "12", "stage": None}], ["version", "stage"]))
    version  stage
    7        PROMOTED
    12
    """
    cells = [list(columns), *([_cell(row.get(name), width) for name in columns] for row in rows)]
    widths = [max(len(line[place]) for line in cells) for place in range(len(columns))]
    return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in cells)


def _cell(value: object, width: int) -> str:
    text = "" if value is None else str(plain(value)).replace("\n", " ")
    return text if len(text) <= width else f"{text[: width - 1]}\u2026"


@contextlib.contextmanager
def reserved_for_json(on: bool) -> Iterator[None]:
    """Send what is printed inside to stderr, so that stdout carries the one JSON object."""
    if not on:
        yield
        return
    _Stdout.reserved = sys.stdout
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        _Stdout.reserved = None
