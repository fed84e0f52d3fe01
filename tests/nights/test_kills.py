"""A process that dies at any write of a night: run again it doubles nothing, loses nothing, and moves no manifest."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from faults.killing import Killed, in_child
from nights.dying import Deaths, Scene
from worlds import MODEL, World

from flows.score_slate import score_slate
from flows.settle import settle

pytestmark = pytest.mark.slow
Act = Callable[[], object]


def deaths(scene: Scene, act: Act) -> tuple[list[str], dict[str, str]]:
    """Kill an act at every write, repeat it, and return the writes and what differs from an unkilled run by write."""

    def counted(at: int | None = None) -> list[str]:
        counter = Deaths(at)
        counter.install()
        act()
        return counter.seen

    scene.set()
    writes: list[str] = in_child(counted)
    unkilled: dict[str, object] = in_child(scene.seen)
    bent = {}
    for number, name in enumerate(writes, 1):
        scene.set()
        with pytest.raises(Killed):
            in_child(lambda number=number: counted(number))  # type: ignore[misc]
        left: dict[str, Any] = in_child(scene.seen)
        in_child(act)
        after: dict[str, object] = in_child(scene.seen)
        wrong = [part for part, said in unkilled.items() if after[part] != said]
        wrong += [f"{part} right after the kill" for part in _half(left, unkilled)]
        if wrong:
            bent[f"{number} {name}"] = ", ".join(wrong)
    return writes, bent


def _half(left: dict[str, Any], unkilled: dict[str, Any]) -> list[str]:
    """Return what a kill left that an unkilled run would never show: half a batch of seals, half a file."""
    files = [name for name, text in left["files"].items() if unkilled["files"].get(name, text) != text]
    seals = set(left["seals"])
    return [*files, *(["seals"] if seals not in (_before(left, unkilled), set(unkilled["seals"])) else [])]


def _before(left: dict[str, Any], unkilled: dict[str, Any]) -> set[Any]:
    new = max(row[6] for row in unkilled["seals"])
    return {row for row in unkilled["seals"] if row[6] != new}


@pytest.fixture
def scene(world: World, tmp_path: Path) -> Scene:
    """Return the scene before a night, with its models loaded in this process, so that its children need not."""
    rollout = world.rollout
    for arm in rollout.routes.to_dict()["arms"]:  # type: ignore[attr-defined]
        world.platform.registry.load_model(MODEL, arm["version"])
    return Scene.of(world, tmp_path / "kept")


def test_score_slate_and_settle_killed_at_every_write_end_as_if_they_had_not(scene: Scene, tmp_path: Path) -> None:
    world = scene.world
    night = in_child(lambda: next(iter(world.unplayed())))
    writes, bent = deaths(scene, lambda: world.run(score_slate, MODEL, date=night.date, now=night.scored))
    assert not bent
    assert {"inserted into slates", "inserted into predictions", "inserted into publications"} <= set(writes)
    assert "before the file .parquet" in writes
    assert len(writes) >= 12
    scored = Scene.of(world, tmp_path / "scored")
    settled, bent = deaths(scored, lambda: world.run(settle, MODEL, now=night.morning))
    assert not bent
    assert settled == ["inserted into outcomes", "before the commit"]
