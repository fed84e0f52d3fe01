"""An unscored slate is an alarm before its deadline, not after."""

from __future__ import annotations

from datetime import timedelta

import pytest
from worlds import MODEL, World

from flows.monitor_and_alert import monitor_and_alert
from flows.score_slate import score_slate
from tasks.deadlines import deadline_signals
from tasks.rollout.policy import Policy

pytestmark = pytest.mark.slow
POLICY = Policy(model=MODEL)


def raised(world: World, now: object) -> dict[str, str]:
    found = deadline_signals(world.platform, POLICY, now)  # type: ignore[arg-type]
    return {one.subject: one.says for one in found if one.raised}


def test_an_unscored_slate_is_told_half_an_hour_before_its_deadline_until_it_is_scored(world: World) -> None:
    night = next(iter(world.unplayed()))
    deadline = night.first_tip - timedelta(hours=1)
    assert raised(world, deadline - timedelta(hours=3)) == {}
    said = raised(world, deadline - timedelta(minutes=30))
    assert "games unscored; the deadline is" in said[night.date]
    report = world.run(monitor_and_alert, MODEL, now=deadline - timedelta(minutes=29))
    [alert] = [one for one in report["opened"] if one["type"] == "slate_unscored"]
    assert alert["severity"] == "CRITICAL"
    world.run(score_slate, MODEL, date=night.date, now=deadline - timedelta(minutes=20))
    assert raised(world, deadline - timedelta(minutes=10)) == {}


def test_a_source_that_cannot_be_read_is_an_alarm_too(world: World) -> None:
    night = next(iter(world.unplayed()))
    for file in (world.home / "games").glob("*"):
        file.unlink()
    assert "could not be read" in raised(world, night.scored)[night.date]
