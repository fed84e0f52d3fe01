"""One spelling for every document, so that equal content has an equal digest."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from enum import Enum

from blocks.errors import Refused

_AS_THEY_ARE = frozenset({str, int, float, bool, type(None)})


def plain(value: object) -> object:
    """Return a value as JSON can carry it: NaN and infinities become None, moments UTC text, numpy numbers Python's.

    Raises Refused for anything that JSON has no word for.

    >>> plain({"p": float("nan"), 7: (1, True)})
    {'p': None, '7': [1, True]}
    """
    if type(value) in _AS_THEY_ARE:  # nearly every value of a journal, at a tenth of the time
        return value if type(value) is not float or math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): plain(part) for key, part in value.items()}
    if hasattr(value, "tolist"):  # numpy scalars and arrays
        return plain(value.tolist())
    if isinstance(value, Iterable) and not isinstance(value, str):
        return [plain(part) for part in value]
    return _scalar(value)


def _scalar(value: object) -> object:
    if isinstance(value, Enum):
        return plain(value.value)
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, date):
        return _written(value)
    raise Refused(f"A {type(value).__name__} cannot be written as JSON.", "Pass numbers, text, lists and dicts.")


def _written(value: date) -> str | None:
    if str(value) == "NaT":  # pandas' missing moment claims to be a datetime
        return None
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC).isoformat()
    return value.isoformat()


def document(value: Mapping[str, object]) -> dict[str, object]:
    """Return a mapping as the store keeps it, so that what is written and what is read back are equal."""
    return {str(key): plain(part) for key, part in value.items()}


def digest(value: object) -> str:
    """Return the sha256 of a value's canonical JSON; the order of keys does not matter.

    >>> digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})
    True
    """
    text = json.dumps(plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def moment(value: object, field: str) -> datetime:
    """Return a moment in UTC from a datetime, an ISO text or UNIX seconds; raises Refused with the field's name.

    >>> moment("2019-01-05T19:00:00-05:00", "tip_at").isoformat()
    '2019-01-06T00:00:00+00:00'
    """
    try:
        found = _moment(value)
    except ValueError as error:
        raise Refused(f"{field} is {value!r}, which is not a moment.", "Pass a datetime in UTC or ISO text.") from error
    if found.tzinfo is None:
        raise Refused(f"{field} is {value!r}, which has no timezone.", "Pass a datetime in UTC.")
    return found.astimezone(UTC)


def _moment(value: object) -> datetime:
    if isinstance(value, datetime) and str(value) != "NaT":
        return datetime.fromisoformat(value.isoformat(timespec="microseconds"))
    if isinstance(value, str):
        return datetime.fromisoformat(value)
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        return datetime.fromtimestamp(value, UTC)
    raise ValueError("not a moment")


def number(value: object, field: str) -> float | None:
    """Return a float, or None for a missing or non-finite number; raises Refused with the field's name."""
    if value is None:
        return None
    try:
        found = float(value)  # type: ignore[arg-type]  # whatever float() takes: numpy, Decimal, text
    except (TypeError, ValueError) as error:
        raise Refused(f"{field} is {value!r}, which is not a number.", "Pass a number, or None for missing.") from error
    return found if math.isfinite(found) else None


def mapping(value: object, field: str) -> dict[str, object] | None:
    """Return an optional document; None and NaN both mean that there is none."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if not isinstance(value, Mapping):
        raise Refused(f"{field} is a {type(value).__name__}, not a mapping.", "Pass a dict or None.")
    return document(value)
