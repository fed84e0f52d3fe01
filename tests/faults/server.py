"""Plans played on a server that many share: every run has a model name of its own, so nothing need be copied."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from pathlib import Path

from faults.ending import ending
from faults.invariants import broken_always, broken_at_rest, see
from faults.killing import Counter, Killed, Progress, When, in_child
from faults.plans import Plan
from faults.rehearsal import LATER, differences
from faults.world import World

NUMBERS = count(1)


@dataclass(frozen=True, slots=True)
class Server:
    """Where MLflow and the store are. store_url: empty for a SQLite file in each run's folder."""

    folder: Path
    tracking_uri: str
    models: Path
    store_url: str = ""

    def world(self, plan: Plan) -> World:
        """Return a world of a new model, played up to where the plan begins."""
        model = f"m{next(NUMBERS)}"
        home = self.folder / model
        home.mkdir()
        world = World(home, self.tracking_uri, self.models, model, self.store_url)
        world.allow(**plan.policy)
        in_child(lambda: _prepare(world, plan))
        return world

    def unkilled(self, plan: Plan) -> tuple[dict[str, object], list[str]]:
        """Play the plan without a kill; return its end and its writes."""
        world = self.world(plan)
        writes = in_child(lambda: _play(world, plan, None, Progress()))
        end, broken = in_child(lambda: _rest(world))
        assert not broken, broken
        return end, writes

    def bent(self, plan: Plan, end: dict[str, object], number: int, when: When) -> list[str]:
        """Play the plan, die at a write, go on in a fresh process; return what is not as it should be."""
        world, progress = self.world(plan), Progress()
        try:
            in_child(lambda: _play(world, plan, (number, when), progress))
        except Killed:
            pass
        else:
            return [f"nobody died {when} write {number}"]
        left, broken, then = in_child(lambda: _heir(world, plan, progress.step))
        found = left + broken + differences(end, then)
        return [f"{when} write {number} in step {progress.step}", *found] if found else []


def _prepare(world: World, plan: Plan) -> None:
    world.platform.store.migrate()
    for step in plan.before:
        world.perform(step)


def _play(world: World, plan: Plan, kill: tuple[int, When] | None, progress: Progress) -> list[str]:
    counter = Counter(kill)
    counter.install()
    for number, step in enumerate(plan.steps):
        progress.step = number
        world.perform(step)
    return counter.writes


def _heir(world: World, plan: Plan, cut: int) -> tuple[list[str], list[str], dict[str, object]]:
    left = broken_always(see(world))
    step = plan.steps[cut]
    world.repeat(step, LATER if step.name in ("release", "tick") else timedelta())
    for following in plan.steps[cut + 1 :]:
        world.perform(following)
    end, broken = _rest(world)
    return left, broken, end


def _rest(world: World) -> tuple[dict[str, object], list[str]]:
    seen = see(world)
    return ending(seen, anonymous=True), broken_at_rest(seen)
