"""What a client asked, and how what a version said about it is remembered."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from blocks.serving.journal import Entry

if TYPE_CHECKING:
    from blocks.serving.batch import Batch
    from blocks.serving.table import Seat


@dataclass(frozen=True, slots=True)
class Question:
    """The rows of one request, and the names it goes by; `event_time` is seconds since 1970, UTC."""

    batch: Batch
    request_id: str
    key: str
    event_time: float | None = None


def entry_of(  # noqa: PLR0913  one field of the journal each
    question: Question,
    seat: Seat,
    spent_s: float,
    *,
    output: list[float] | None = None,
    error: str | None = None,
    served: bool = False,
) -> Entry:
    """Return the journal's entry of one seat's word on a question."""
    return Entry(
        request_id=question.request_id,
        key=question.key,
        version=seat.version,
        role=seat.role,
        served=served,
        at=time.time(),
        columns=question.batch.columns,
        rows=question.batch.rows,
        output=output,
        latency_ms=round(spent_s * 1e3, 4),
        error=error,
        event_time=question.event_time,
    )


def described(why: Exception) -> str:
    """Return an error as the journal keeps it: its kind and the first words."""
    return f"{type(why).__name__}: {str(why)[:300]}"
