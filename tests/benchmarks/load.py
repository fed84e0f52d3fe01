"""A load generator that costs little: keep-alive connections, one request in flight on each, no HTTP library."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Load:
    """One request, sent again and again to one address."""

    host: str
    port: int
    path: str
    body: bytes

    def request(self) -> bytes:
        """Return the bytes of the request."""
        head = (
            f"POST {self.path} HTTP/1.1\r\nhost: {self.host}\r\ncontent-type: application/json\r\n"
            f"content-length: {len(self.body)}\r\n\r\n"
        )
        return head.encode() + self.body


@dataclass(slots=True)
class Outcome:
    """What came back: how long each answer took, and how many were not 200."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    failures: int = 0

    @property
    def rate(self) -> float:
        """Return answers a second."""
        return len(self.latencies) / self.seconds

    def percentile_ms(self, percent: float) -> float:
        """Return a percentile of the latencies in milliseconds."""
        ordered = sorted(self.latencies)
        return 1e3 * ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


class Connection(asyncio.Protocol):
    """Send the next request as soon as the whole answer to the last one is there."""

    def __init__(self, request: bytes, until: float, outcome: Outcome, done: asyncio.Future[None]) -> None:
        self._request = request
        self._until = until
        self._outcome = outcome
        self._done = done
        self._received = b""
        self._sent_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the first request."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._send()

    def data_received(self, data: bytes) -> None:
        """Count an answer once its last byte is there."""
        self._received += data
        head, gap, body = self._received.partition(b"\r\n\r\n")
        if not gap:
            return
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        if len(body) < length:
            return
        now = time.perf_counter()
        self._outcome.latencies.append(now - self._sent_at)
        self._outcome.failures += not head.startswith(b"HTTP/1.1 200")
        self._received = b""
        if now < self._until:
            self._send()
        else:
            self._transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        """Say that this connection is over."""
        if not self._done.done():
            self._done.set_result(None)

    def _send(self) -> None:
        self._sent_at = time.perf_counter()
        self._transport.write(self._request)


def run(load: Load, connections: int, seconds: float) -> Outcome:
    """Return what a server did under so many connections for so long."""
    return asyncio.run(_run(load, connections, seconds))


async def _run(load: Load, connections: int, seconds: float) -> Outcome:
    loop = asyncio.get_running_loop()
    outcome = Outcome()
    request, start = load.request(), time.perf_counter()
    over: list[asyncio.Future[None]] = [loop.create_future() for _ in range(connections)]
    for done in over:
        await loop.create_connection(
            lambda done=done: Connection(request, start + seconds, outcome, done),  # type: ignore[misc]  # bound now
            load.host,
            load.port,
        )
    await asyncio.gather(*over)
    outcome.seconds = time.perf_counter() - start
    return outcome
