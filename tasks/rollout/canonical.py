"""One text for one value, so that equal records have equal digests."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping


def canonical(value: Mapping[str, object]) -> str:
    """Return the JSON text of a record: sorted keys, no blanks, no NaN.

    >>> canonical({"b": 1, "a": [2.5, None]})
    '{"a":[2.5,null],"b":1}'
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False, ensure_ascii=False)


def digest(text: str) -> str:
    """Return the sha256 of a text as 64 hexadecimal digits.

    >>> digest("gamenight")[:8]
    '7dcd1fcb'
    """
    return hashlib.sha256(text.encode()).hexdigest()
