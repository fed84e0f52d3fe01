"""A process that dies at any write leaves nothing that the next tick does not put right."""

from __future__ import annotations

import sys

import pytest
from faults.plans import PLANS
from faults.rehearsal import Rehearsal, Stage, spread

A_FEW = 2
IN_SHORT = [name for name in PLANS if name not in ("abort", "hold and resume")]


@pytest.mark.slow
@pytest.mark.parametrize("name", IN_SHORT)
def test_a_kill_at_some_writes_bends_nothing(name: str, stage: Stage) -> None:
    rehearsal = Rehearsal(stage, PLANS[name]).unkilled()
    _none_bends(rehearsal, A_FEW)


@pytest.mark.whole
@pytest.mark.slow
@pytest.mark.parametrize("name", PLANS)
def test_a_kill_before_and_after_every_write_bends_nothing(name: str, stage: Stage) -> None:
    rehearsal = Rehearsal(stage, PLANS[name]).unkilled()
    _none_bends(rehearsal, len(rehearsal.points()))


def _none_bends(rehearsal: Rehearsal, most: int) -> None:
    bent = [verdict for point in spread(rehearsal.points(), most) if not (verdict := rehearsal.killed(point)).harmless]
    assert not bent, "\n".join(map(str, bent))


@pytest.mark.whole
@pytest.mark.slow
def test_there_are_places_enough_to_die(stage: Stage) -> None:
    points = {name: len(Rehearsal(stage, plan).unkilled().points()) for name, plan in PLANS.items()}
    sys.stdout.write(f"\n{sum(points.values())} kill points: {points}\n")
    assert sum(points.values()) >= 200
