"""The demo's story told for one seed without a server: both ways on from the first promotion.

The flows run plainly, on SQLite, without the gateway, and the gates let everything pass: the generated games are clean,
and the gates would cost a third of the time.
"""

from __future__ import annotations

import contextlib
import logging
import os
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pandas import DataFrame
from plainly import plainly
from prefect import Flow
from worlds import MODEL, World

from blocks.gates import Gates
from blocks.platform import Platform
from deployments.demo import replay, scenario, story
from tasks.rollout.fold import Rollout

FLOWS = [
    (module, name, value)
    for module in (story, replay)
    for name, value in vars(module).items()
    if isinstance(value, Flow)
]


@dataclass(frozen=True, slots=True)
class Ending:
    """How one challenger ended: its stage, what it was held for first, the nights seen, the games it served."""

    stage: str
    reason: str
    held: str
    nights: int
    served: int


@dataclass(frozen=True, slots=True)
class Told:
    """One seed: the honest challenger, then the second one with the defect, and in another world without it."""

    seed: int
    honest: Ending
    faulty: Ending
    second: Ending


class Open(Gates):
    """Let every table pass."""

    _block_type_name = "Open Gates"
    _block_type_slug = "open-gates"

    def run(
        self, suite_name: str, frame: DataFrame, context: Mapping[str, object] | None = None, documented: bool = False
    ) -> dict[str, object]:
        """Return PASS."""
        return {"suite": suite_name, "verdict": "PASS", "failed": [], "quarantined": [], "markdown": ""}


def tell(seed: int, folder: Path) -> Told:
    """Play one seed; alone in its process, because the story's flows are replaced by their bodies."""
    os.environ["OMP_NUM_THREADS"] = "1"
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")
    world = World(folder / "shared")
    played = scenario.generated(world.home / "games", seed)
    world.platform.store.migrate()
    shared = _story(world, played.season, defect=True)
    with contextlib.chdir(world.home):
        shared.begin()
        shared.try_the_next(shared.replay.calendar())
    honest = _ending(shared, shared.rollouts[-1])
    ends = {}
    for name, defect in (("faulty", True), ("second", False)):
        ends[name] = _second(world.copy(folder / name), shared, defect)
    return Told(seed, honest, ends["faulty"], ends["second"])


def _story(world: World, season: int, defect: bool) -> story.Story:
    import mlflow

    # a process knows one registry at a time
    mlflow.set_registry_uri(world.platform.registry.tracking_uri)
    platform = world.platform
    platform.gates = Open(folder=platform.gates.folder)
    _run_plainly(platform)
    return story.Story(platform, "local", MODEL, season, defect)


def _run_plainly(platform: Platform) -> None:
    for module, name, flow in FLOWS:
        setattr(module, name, plainly(flow, platform))


def _second(world: World, before: story.Story, defect: bool) -> Ending:
    ours = _story(world, before.season, defect)
    ours.now, ours.replay.nights = before.now, before.replay.nights
    locked = set(ours.platform.store.slates(MODEL)["slate"])
    with contextlib.chdir(world.home):
        ours.try_another(night for night in ours.replay.calendar() if night.date not in locked)
    return _ending(ours, ours.rollouts[-1])


def _ending(told: story.Story, rollout: Rollout) -> Ending:
    held = [str(event.held) for event in rollout.events if event.held]
    reason = str(rollout.reason) if rollout.reason else ""
    served = told.served_by(rollout.plan.to_version)
    return Ending(rollout.stage.value, reason, held[0] if held else "", told.replay.nights, len(served))
