"""The one error that crafts raise for input which a person can put right."""

from __future__ import annotations


class BadInput(ValueError):
    """Input that cannot be used: `field` names it, the message says what was expected and what to do."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
