"""One breaker a version: closed -> open -> half-open -> closed, as a value of what was seen and when."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class State(StrEnum):
    """What a breaker lets through."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass(frozen=True, slots=True)
class BreakerRule:
    """What the policy allows."""

    window_s: float = 60.0
    min_requests: int = 20
    error_rate: float = 0.5
    cooldown_s: float = 30.0
    probes: int = 3


@dataclass(slots=True)
class Breaker:
    """Count what a version did; `now` is a monotonic time in seconds, passed in.

    While it is open the version only scores in shadow, and those scores are the probes that close it.

    >>> breaker = Breaker("7", BreakerRule())
    >>> breaker.record(0.0, failed=True, impossible=True)
    >>> breaker.lets_through(1.0)
    False
    """

    version: str
    rule: BreakerRule
    announce: Callable[[str, State, str], None] = lambda version, state, why: None
    state: State = State.CLOSED
    _seen: deque[tuple[float, bool]] = field(default_factory=deque)
    _errors: int = 0
    _opened_at: float = 0.0
    _probes: int = 0

    def lets_through(self, now: float) -> bool:
        """Return whether the version may answer its keys."""
        if self.state is State.OPEN and now - self._opened_at >= self.rule.cooldown_s:
            self._move(State.HALF_OPEN, "the cooldown is over")
            self._probes = 0
        return self.state is State.CLOSED

    def record(self, now: float, *, failed: bool, impossible: bool = False) -> None:
        """Count one request; an impossible output opens the breaker at once."""
        if self.state is State.HALF_OPEN:
            self._probe(now, failed)
            return
        if self.state is State.OPEN:
            return
        self._seen.append((now, failed))
        self._errors += failed
        while self._seen and self._seen[0][0] <= now - self.rule.window_s:
            self._errors -= self._seen.popleft()[1]
        if impossible:
            self._open(now, "an impossible output")
        elif failed and len(self._seen) >= self.rule.min_requests:
            self._judge(now)

    def reset(self) -> None:
        """Close it by hand."""
        if self.state is not State.CLOSED:
            self._close("reset by hand")

    def _judge(self, now: float) -> None:
        if self._errors >= self.rule.error_rate * len(self._seen):
            self._open(now, f"{self._errors} of {len(self._seen)} requests failed")

    def _probe(self, now: float, failed: bool) -> None:
        if failed:
            self._open(now, "a probe failed")
            return
        self._probes += 1
        if self._probes >= self.rule.probes:
            self._close(f"{self._probes} probes succeeded")

    def _open(self, now: float, why: str) -> None:
        self._opened_at = now
        self._move(State.OPEN, why)

    def _close(self, why: str) -> None:
        self._seen.clear()
        self._errors = 0
        self._move(State.CLOSED, why)

    def _move(self, state: State, why: str) -> None:
        self.state = state
        self.announce(self.version, state, why)
