"""Die at a write of a night: at every row's insert, before every commit, after it, and around every file put in place.

What is listened to counts and kills; it never changes what is written.
"""

from __future__ import annotations

import os
import shutil
import signal
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, event
from worlds import MODEL, World

TABLES = ("slates", "predictions", "outcomes", "publications", "reports", "alerts")


@dataclass(slots=True)
class Deaths:
    """Count the writes of this process to the store and to published files; stop it at write number `at`."""

    at: int | None = None
    seen: list[str] = field(default_factory=list)

    def install(self) -> None:
        """Listen to every connection of this process, and to files that are put in their place."""
        event.listen(Engine, "after_cursor_execute", self._executed)
        event.listen(Engine, "commit", self._commits)
        replace = Path.replace

        def put(path: Path, target: Any) -> Path:
            self._write(f"before the file {Path(target).suffix}")
            placed = replace(path, target)
            self._write(f"after the file {Path(target).suffix}")
            return placed

        Path.replace = put  # type: ignore[method-assign]  # in a child that lives for one flow

    def _executed(self, connection: Connection, cursor: Any, statement: str, *_: object) -> None:
        words = statement.split()
        if words[:2] == ["INSERT", "INTO"] and words[2] in TABLES:
            self._write(f"inserted into {words[2]}")

    def _commits(self, connection: Connection) -> None:
        if connection.get_execution_options().get("writes"):
            self._write("before the commit")

    def _write(self, name: str) -> None:
        self.seen.append(name)
        if self.at == len(self.seen):
            os.kill(os.getpid(), signal.SIGKILL)


@dataclass(frozen=True, slots=True)
class Scene:
    """A world whose store and publications are put back as they were; nothing else of it is written to."""

    world: World
    kept: Path

    @classmethod
    def of(cls, world: World, kept: Path) -> Scene:
        """Keep what stands."""
        kept.mkdir(parents=True)
        for file in world.home.glob("store.db*"):
            shutil.copy(file, kept)
        shutil.copytree(world.home / "published", kept / "published")
        return cls(world, kept)

    def set(self) -> None:
        """Put back what was kept."""
        for file in self.world.home.glob("store.db*"):
            file.unlink()
        for file in self.kept.glob("store.db*"):
            shutil.copy(file, self.world.home)
        shutil.rmtree(self.world.home / "published")
        shutil.copytree(self.kept / "published", self.world.home / "published")

    def seen(self) -> dict[str, object]:
        """Return everything that a night leaves, whatever the order in which it was written."""
        store = self.world.platform.store
        sealed = store.predictions(MODEL).drop(columns=["id", "features"])
        published = sorted((self.world.home / "published").rglob("*.*"))
        return {
            "manifests": store.slates(MODEL)["manifest"].tolist(),
            "seals": sorted(map(tuple, sealed.to_numpy().tolist())),
            "publications": store.publications(MODEL, latest=False).to_csv(),
            "outcomes": store.outcomes(MODEL, latest=False).to_csv(),
            "reports": sorted(map(str, store.reports(MODEL)["body"])),
            "files": {str(file.name): file.read_bytes() for file in published if not file.name.startswith(".")},
        }
