"""Play a plan once unharmed, then again and again with a kill, each time from the state before the step that dies."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from faults.ending import ending
from faults.invariants import broken_always, broken_at_rest, see
from faults.killing import Counter, Killed, Point, When, in_child
from faults.plans import Plan
from faults.world import Step, World

from blocks.log.client import client

LATER = timedelta(minutes=7)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one kill left: the broken invariants right after it, at the end, and whether the end is the unkilled one."""

    point: Point
    after_the_kill: list[str]
    at_rest: list[str]
    other_end: list[str]

    @property
    def harmless(self) -> bool:
        """Return whether the kill bent nothing."""
        return not (self.after_the_kill or self.at_rest or self.other_end)

    def __str__(self) -> str:
        """Return what was bent, for people."""
        return "\n".join([f"KILL {self.point}", *self.after_the_kill, *self.at_rest, *self.other_end])


@dataclass(slots=True)
class Stage:
    """One place on disk where every copy of a world is played, so that the paths in MLflow stay true."""

    folder: Path
    models: Path
    template: Path
    world: World = field(init=False)

    def __post_init__(self) -> None:
        """Make the world of the place."""
        home = self.folder / "home"
        self.world = World(home, f"sqlite:///{home / 'mlflow.db'}", self.models)

    def set(self, scene: Path) -> None:
        """Put a copy of a scene on the stage."""
        shutil.rmtree(self.world.folder, ignore_errors=True)
        shutil.copytree(scene, self.world.folder)

    def keep(self, name: str) -> Path:
        """Keep what stands as a scene of that name."""
        scene = self.folder / name
        shutil.rmtree(scene, ignore_errors=True)
        shutil.copytree(self.world.folder, scene)
        return scene


def make_template(folder: Path) -> Path:
    """Make an empty world: MLflow's tables and the store's."""
    folder.mkdir(parents=True)
    world = World(folder, f"sqlite:///{folder / 'mlflow.db'}", folder)

    def tables() -> None:
        client(world.tracking_uri).search_registered_models()
        client(world.tracking_uri).search_experiments()
        world.platform.store.migrate()

    in_child(tables)
    return folder


class Rehearsal:
    """A plan on a stage: the unkilled run, its kill points, and the run of each."""

    def __init__(self, stage: Stage, plan: Plan, mutate: Callable[[], None] = lambda: None) -> None:
        self.stage, self.plan, self.mutate = stage, plan, mutate
        self.steps = plan.steps
        self.scenes: list[Path] = []
        self.writes: list[list[str]] = []
        self.end: dict[str, object] = {}

    def unkilled(self) -> Rehearsal:
        """Play the plan without a kill; nothing may be broken at its end."""
        broken = self.play()
        assert not broken, broken
        return self

    def play(self) -> list[str]:
        """Play the plan without a kill, keep a scene before every step, count the writes; return what is broken."""
        world = self.stage.world
        self.stage.set(self.stage.template)
        world.allow(**self.plan.policy)
        if self.plan.before:
            in_child(lambda: [world.perform(step) for step in self.plan.before] and None)
        for number, step in enumerate(self.steps):
            self.scenes.append(self.stage.keep(f"scene-{number:02d}"))
            self.writes.append(self._counted(step))
        self.end, broken = in_child(lambda: _at_rest(world))
        return broken

    def points(self) -> list[Point]:
        """Return every place to die, in the order of time."""
        whens: tuple[When, When] = ("before", "after")
        return [
            Point(step, number, when, write)
            for step, writes in enumerate(self.writes)
            for number, write in enumerate(writes, 1)
            for when in whens
        ]

    def killed(self, point: Point) -> Verdict:
        """Play up to the point, die there, see what is left, and let a fresh process play on to the end."""
        self.stage.set(self.scenes[point.step])
        try:
            self._counted(self.steps[point.step], (point.number, point.when))
        except Killed:
            pass
        else:
            raise AssertionError(f"nobody died at {point}")
        left, end, broken = in_child(lambda: self._heir(point.step))
        return Verdict(point, left, broken, differences(self.end, end))

    def _counted(self, step: Step, kill: tuple[int, When] | None = None) -> list[str]:
        """Do a step in a process of its own, which counts its writes and may die at one."""

        def work() -> list[str]:
            counter = Counter(kill)
            counter.install()
            self.mutate()
            self.stage.world.perform(step)
            return counter.writes

        return in_child(work)

    def _heir(self, cut: int) -> tuple[list[str], dict[str, object], list[str]]:
        """What was cut off is asked for again, a release or a tick some minutes later, then everything goes on."""
        world = self.stage.world
        left = broken_always(see(world))
        step = self.steps[cut]
        world.repeat(step, LATER if step.name in ("release", "tick") else timedelta())
        for following in self.steps[cut + 1 :]:
            world.perform(following)
        end, broken = _at_rest(world)
        return left, end, broken


def _at_rest(world: World) -> tuple[dict[str, object], list[str]]:
    seen = see(world)
    return ending(seen), broken_at_rest(seen)


def differences(unkilled: dict[str, object], killed: dict[str, object]) -> list[str]:
    """Return every way in which two ends differ, the events by their types."""
    return [
        f"{name}: {_brief(killed[name])}\n  without the kill: {_brief(unkilled[name])}"
        for name in unkilled
        if killed[name] != unkilled[name]
    ]


def _brief(part: object) -> str:
    if isinstance(part, list) and part and isinstance(part[0], list):
        rows = [[one["type"] if isinstance(one, dict) else one for one in row] for row in part]
        return f"{rows} {str(part)[-600:] if isinstance(part[0][0], dict) else ''}"
    return str(part)


def spread(points: Sequence[Point], most: int) -> list[Point]:
    """Return at most so many points, evenly spread."""
    if len(points) <= most:
        return list(points)
    return [points[round(number * (len(points) - 1) / max(1, most - 1))] for number in range(most)]
