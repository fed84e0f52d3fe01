"""With no projector at all a rollback is in force: at the next read, and at the next slate."""

from __future__ import annotations

from typing import Any

import pytest
from faults.invariants import KEYS, see
from faults.killing import in_child
from faults.plans import RETREAT
from faults.rehearsal import Stage
from faults.world import Step, World, units_of

import tasks.traffic
from blocks.log.reader import current_routes
from blocks.serving.router import arm_of


def _nothing(*arguments: object) -> None:
    """Stand in for a projector that is down."""


def _roll_back_without_a_projector(world: World) -> dict[str, Any]:
    tasks.traffic._aliases = _nothing
    tasks.traffic._tags = _nothing
    world.perform(RETREAT.steps[0])
    routes: Any = current_routes(world.tracking_uri, world.model)
    world.perform(Step("slate", 7))
    slates = world.platform.store.slates(world.model).set_index("slate")["manifest"]
    return {
        "aliases": see(world).aliases,
        "readers": {arm_of(routes["routes"], key)["version"] for key in KEYS},
        "tonight": _served(slates["2019-01-06"], world.model, 6),
        "tomorrow": _served(slates["2019-01-07"], world.model, 7),
    }


def _served(manifest: Any, model: str, day: int) -> set[str]:
    return {arm_of(manifest["routes"], unit)["version"] for unit in units_of(model, day)}


@pytest.mark.slow
def test_a_rollback_is_in_force_before_any_alias_has_moved(stage: Stage) -> None:
    world = stage.world
    stage.set(stage.template)
    world.allow(**RETREAT.policy)
    in_child(lambda: [world.perform(step) for step in RETREAT.before] and None)
    seen = in_child(lambda: _roll_back_without_a_projector(world))
    assert seen["aliases"]["champion"] == "2"
    assert seen["readers"] == {"1"}
    assert seen["tonight"] == {"1"}
    assert seen["tomorrow"] == {"1"}
