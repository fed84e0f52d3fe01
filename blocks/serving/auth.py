"""Who may do what: one bearer token for the operate role; reading and predicting are open on loopback."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from hmac import compare_digest

from blocks.serving.refusal import Refusal


@dataclass(frozen=True, slots=True)
class Door:
    """Compare tokens by digest and in constant time; the token itself is not kept."""

    operate_digest: bytes | None
    is_loopback: bool

    @classmethod
    def of(cls, token: str | None, is_loopback: bool) -> Door:
        """Return the door that this token opens."""
        return cls(None if token is None else sha256(token.encode()).digest(), is_loopback)

    def admit_reader(self, authorization: bytes | None) -> None:
        """Let anyone read and predict on loopback; from outside a token is needed."""
        if not self.is_loopback:
            self.admit_operator(authorization, "predict")

    def admit_operator(self, authorization: bytes | None, what: str) -> None:
        """Raise Refusal 401 without a token and 403 with a wrong one."""
        if self.operate_digest is None:
            raise Refusal(403, f"This gateway was started without a token, so nobody may {what}.")
        if authorization is None:
            raise Refusal(401, f"A bearer token is needed to {what}.")
        scheme, _, token = authorization.partition(b" ")
        if scheme.lower() != b"bearer" or not compare_digest(sha256(token.strip()).digest(), self.operate_digest):
            raise Refusal(403, f"This token may not {what}.")
