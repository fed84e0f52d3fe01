"""Whether this process may be sent requests, and if not, why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from blocks.serving.breaker import State
from blocks.serving.router import champion_of, versions_of
from blocks.serving.watcher import NO_CHAMPION

if TYPE_CHECKING:
    from blocks.serving.breakers import Breakers
    from blocks.serving.recorder import Recorder
    from blocks.serving.shipper import Shipper
    from blocks.serving.watcher import Watcher


@dataclass(slots=True)
class Health:
    """Look at every part; live is that anything is answered at all."""

    model: str
    watcher: Watcher
    recorder: Recorder
    breakers: Breakers
    shipper: Shipper | None = None
    is_draining: bool = False

    def why_not_ready(self) -> str | None:
        """Return the reason for a 503, None when the gateway is ready."""
        if self.is_draining:
            return "the gateway is stopping"
        table = self.watcher.table
        if table is None:
            return self._why_no_table()
        if self.recorder.when_full == "refuse" and (self.recorder.spool.is_full or self.recorder.is_losing):
            return f"the journal's spool {self.recorder.spool.folder} is full and predictions may not go unlogged"
        champion = table.champion.version
        if self.breakers.of(champion).state is State.OPEN and table.fallback is None:
            return f"the breaker of the champion, version {champion}, is open and there is no fallback"
        return None

    def report(self) -> dict[str, object]:
        """Return what an operator wants to see at once."""
        why, table, wanted = self.why_not_ready(), self.watcher.table, self.watcher.wanted
        return {
            "ready": why is None,
            "reason": why,
            "model": self.model,
            "champion": table.champion.version if table else None,
            "versions": {version: self._state(version) for version in (versions_of(wanted) if wanted else [])},
            "record": {
                "age_s": round(self.watcher.age_s, 1) if wanted else None,
                "failure": self.watcher.failure or None,
            },
            "journal": {
                "spool_bytes": self.recorder.spool.held_bytes,
                "unlogged": self.recorder.is_losing,
                "store_failure": self.shipper.failure if self.shipper else None,
            },
        }

    def _why_no_table(self) -> str:
        wanted = self.watcher.wanted
        if wanted is None:
            return self.watcher.failure or NO_CHAMPION
        champion = champion_of(wanted)
        failure = self.watcher.failures.get(champion)
        return failure or f"the champion, version {champion}, is being loaded"

    def _state(self, version: str) -> dict[str, object]:
        handle = self.watcher.models.loaded(version)
        if handle is None:
            failure, is_changed = self.watcher.failures.get(version), version in self.watcher.tampered
            return {"loaded": False, "failure": failure, "tampered": is_changed}
        return {"loaded": True, "runtime": handle.runtime, "breaker": str(self.breakers.of(version).state)}
