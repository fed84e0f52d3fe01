"""The one answer to a file of games that cannot be used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from blocks.errors import Refused

if TYPE_CHECKING:
    from pathlib import Path


class BadFile(Refused):
    """Name the file, the line and the column that stopped it, what stands there, and what was expected.

    `line` counts from 1 with the header, as an editor shows it; in a Parquet file or a query it is the row, from 1.
    Either is None where it makes no sense, such as the line of a missing column.
    """

    def __init__(
        self, path: Path | str, expected: str, found: str, *, line: int | None = None, column: str | None = None
    ) -> None:
        place = [str(path)]
        if line is not None:
            place.append(f"line {line}")
        if column is not None:
            place.append(f"column {column}")
        super().__init__(
            f"{', '.join(place)}: found {found}, expected {expected}.", "Put the file right; nothing of it was used."
        )
        self.path = path
        self.line = line
        self.column = column
        self.expected = expected
        self.found = found
