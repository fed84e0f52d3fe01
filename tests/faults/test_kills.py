"""A process that dies at any write leaves nothing that the next tick does not put right."""

from __future__ import annotations

import sys

import pytest
from faults.plans import PLANS
from faults.rehearsal import Rehearsal, Stage, spread

A_FEW = 2
IN_SHORT = [name for name in PLANS if name not in ("abort", "hold and resume", "declined")]
KILLED: dict[str, int] = {}
"""Points at which a process was killed, by plan."""


@pytest.mark.slow
@pytest.mark.parametrize("name", IN_SHORT)
def test_a_kill_at_some_writes_bends_nothing(name: str, stage: Stage) -> None:
    rehearsal = Rehearsal(stage, PLANS[name]).unkilled()
    _none_bends(rehearsal, A_FEW, name)


@pytest.mark.whole
@pytest.mark.slow
@pytest.mark.parametrize("name", PLANS)
def test_a_kill_before_and_after_every_write_bends_nothing(name: str, stage: Stage) -> None:
    rehearsal = Rehearsal(stage, PLANS[name]).unkilled()
    _none_bends(rehearsal, len(rehearsal.points()), name)


def _none_bends(rehearsal: Rehearsal, most: int, name: str) -> None:
    points = spread(rehearsal.points(), most)
    bent = [verdict for point in points if not (verdict := rehearsal.killed(point)).harmless]
    KILLED[name] = len(points)
    sys.stdout.write(f"\n{name}: killed at {len(points)} points, {sum(KILLED.values())} so far, {len(bent)} bent\n")
    assert not bent, "\n".join(map(str, bent))


@pytest.mark.whole
@pytest.mark.slow
def test_there_were_places_enough_to_die() -> None:
    if set(KILLED) != set(PLANS):
        pytest.skip("the plans were not all killed in this run")
    sys.stdout.write(f"\n{sum(KILLED.values())} kill points: {KILLED}\n")
    assert sum(KILLED.values()) >= 200
