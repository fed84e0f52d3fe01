"""A request that is answered with a status and one JSON sentence instead of predictions."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Refusal(Exception):
    """Say which status, why, and where in the request; never holds a stack trace."""

    status: int
    message: str
    details: dict[str, object] = field(default_factory=dict)
    retry_after_s: int | None = None

    def body(self) -> dict[str, object]:
        """Return the JSON object that MLflow's clients print, with our details beside it."""
        return {"error_code": CODES.get(self.status, "INTERNAL_ERROR"), "message": self.message, **self.details}


CODES = {
    400: "INVALID_PARAMETER_VALUE",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "RESOURCE_DOES_NOT_EXIST",
    405: "BAD_REQUEST",
    413: "REQUEST_LIMIT_EXCEEDED",
    415: "BAD_REQUEST",
    503: "TEMPORARILY_UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}


def bad_rows(message: str, column: str | None = None, row: int | None = None, **details: object) -> Refusal:
    """Return the 400 that names the column and the row."""
    where: dict[str, object] = {"field": column} if column is not None else {}
    if row is not None:
        where["row"] = row
    return Refusal(400, message, where | details)


def not_ready(why: str) -> Refusal:
    """Return the 503 that asks the caller to come back."""
    return Refusal(503, f"Not ready: {why}", {"reason": why}, retry_after_s=1)
