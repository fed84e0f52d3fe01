"""Rows as a client sent them: any column order, extra columns and all."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

Scalar = float | int | str | bool | None


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows of one request; `columns` is None for rows that are given by position."""

    columns: tuple[str, ...] | None
    rows: Sequence[Sequence[Scalar]]
    params: dict[str, object] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.rows)

    def key_of(self, column: str) -> str | None:
        """Return the first row's value of a column as text, or None where there is none.

        >>> Batch(("game_id", "x"), [["g1", 2.0]]).key_of("game_id")
        'g1'
        """
        if self.columns is None or not self.rows:
            return None
        try:
            value = self.rows[0][self.columns.index(column)]
        except (ValueError, IndexError):
            return None
        return None if value is None else str(value)
