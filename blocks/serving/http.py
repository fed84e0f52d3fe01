"""The little of HTTP that raw ASGI needs: a request, a response, headers by name."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from blocks.serving.refusal import Refusal

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

JSON = (b"content-type", b"application/json")
TEXT = (b"content-type", b"text/plain; charset=utf-8")
MOST_HEADER_BYTES = 256


class ClientGone(Exception):
    """The client hung up before its body was whole."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request with its whole body."""

    method: str
    path: str
    headers: dict[bytes, bytes]
    body: bytes = b""

    def text(self, name: bytes) -> str | None:
        """Return a header that becomes part of the journal; raises Refusal 400 if it is long or not printable ASCII."""
        value = self.headers.get(name)
        if value is None:
            return None
        text = value.decode("latin-1")
        if not 0 < len(value) <= MOST_HEADER_BYTES or not text.isascii() or not text.isprintable():
            shown = name.decode()
            raise Refusal(400, f"{shown} is 1 to {MOST_HEADER_BYTES} printable ASCII characters.", {"field": shown})
        return text


@dataclass(frozen=True, slots=True)
class Response:
    """One whole answer."""

    status: int
    body: bytes
    headers: Headers = field(default_factory=lambda: [JSON])


def json_response(status: int, value: object, headers: Headers | None = None) -> Response:
    """Return a value as JSON."""
    return Response(status, msgspec.json.encode(value), [JSON, *(headers or [])])


def refusal_response(refusal: Refusal, headers: Headers | None = None) -> Response:
    """Return a refusal as JSON, with Retry-After where the caller should come back."""
    extra = list(headers or [])
    if refusal.retry_after_s is not None:
        extra.append((b"retry-after", str(refusal.retry_after_s).encode()))
    if refusal.status == 401:
        extra.append((b"www-authenticate", b"Bearer"))
    return json_response(refusal.status, refusal.body(), extra)


async def read_body(receive: Receive, headers: dict[bytes, bytes], most_bytes: int) -> bytes:
    """Return the whole body; raises Refusal 413 as soon as it is known to be too long."""
    too_long = Refusal(413, f"The body is longer than {most_bytes} bytes.", {"limit_bytes": most_bytes})
    announced = headers.get(b"content-length", b"0")
    if announced.isdigit() and int(announced) > most_bytes:
        raise too_long
    message = await receive()
    body: bytes = message.get("body", b"")
    if not message.get("more_body") and message["type"] == "http.request":
        return body
    parts, size = [body], len(body)
    while message["type"] == "http.request" and message.get("more_body"):
        message = await receive()
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > most_bytes:
            raise too_long
    if message["type"] == "http.disconnect":
        raise ClientGone
    return b"".join(parts)


async def send_response(send: Send, response: Response) -> None:
    """Send a whole answer with its length."""
    length = (b"content-length", str(len(response.body)).encode())
    await send({"type": "http.response.start", "status": response.status, "headers": [*response.headers, length]})
    await send({"type": "http.response.body", "body": response.body})
