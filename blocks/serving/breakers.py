"""The breakers of every version this process has met."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from blocks.serving.breaker import Breaker, BreakerRule, State

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(slots=True)
class Breakers:
    """Hand out one breaker a version; `announce` hears every move."""

    rule: BreakerRule
    announce: Callable[[str, State, str], None]
    clock: Callable[[], float] = time.monotonic
    _by_version: dict[str, Breaker] = field(default_factory=dict)

    def of(self, version: str) -> Breaker:
        """Return the breaker of a version."""
        breaker = self._by_version.get(version)
        if breaker is None:
            breaker = self._by_version.setdefault(version, Breaker(version, self.rule, self.announce))
        return breaker

    def lets_through(self, version: str) -> bool:
        """Return whether a version may answer."""
        return self.of(version).lets_through(self.clock())

    def record(self, version: str, *, failed: bool, impossible: bool = False) -> None:
        """Count one request of a version that was in charge of its key."""
        self.of(version).record(self.clock(), failed=failed, impossible=impossible)

    def probe(self, version: str, *, failed: bool) -> None:
        """Count a shadow score; it only matters to a breaker that waits for probes."""
        breaker = self.of(version)
        if not breaker.lets_through(self.clock()) and breaker.state is State.HALF_OPEN:
            breaker.record(self.clock(), failed=failed)

    def states(self) -> dict[str, str]:
        """Return the state of every version's breaker."""
        return {version: str(breaker.state) for version, breaker in self._by_version.items()}
