"""A range of nights is played once, as of its own time, and goes on where it was stopped."""

from __future__ import annotations

import pandas as pd
import pytest
from faults.killing import Killed, in_child
from nights.dying import Deaths
from worlds import MODEL, World

from flows.replay import replay
from tasks.replaying import nights_between
from tasks.rollout.refusal import BadInput
from tasks.showing import WATCHER

pytestmark = pytest.mark.slow


def left(world: World) -> dict[str, object]:
    """Return what a replay leaves in the store."""
    store = world.platform.store
    seals = store.predictions(MODEL).drop(columns=["id", "features"]).sort_values(["made_at", "version", "unit"])
    return {
        "seals": seals.to_csv(index=False),
        "outcomes": store.outcomes(MODEL, latest=False).to_csv(),
        "publications": store.publications(MODEL, latest=False).to_csv(),
        "events": [event.type for event in world.rollout.events],
    }


@pytest.mark.long
def test_a_replay_killed_in_the_middle_goes_on_to_the_same_end(world: World) -> None:
    nights = [night.date for night, _ in zip(world.unplayed(), range(4), strict=False)]
    span = (nights[0], nights[-1])
    whole = world.copy(world.home.parent / "whole")

    def played(one: World) -> dict[str, object]:
        said: dict[str, object] = one.run(replay, *span, MODEL)
        return said | left(one)

    def dying() -> None:
        Deaths(30).install()
        world.run(replay, *span, MODEL)

    unkilled = in_child(lambda: played(whole))
    with pytest.raises(Killed):
        in_child(dying)
    begun = in_child(lambda: nights_between.fn(world.platform, MODEL, *span))
    assert 0 < begun.played < len(nights)
    after = in_child(lambda: played(world))
    assert {**after, "played": 0} == {**unkilled, "played": 0}
    assert 0 < int(str(after["played"])) < len(nights)


def test_progress_is_told_night_by_night_and_a_backfill_moves_no_rollout(world: World) -> None:
    nights = [night.date for night, _ in zip(world.unplayed(), range(2), strict=False)]
    events = len(world.rollout.events)
    told: list[tuple[int, int, str]] = []
    token = WATCHER.set(lambda *said: told.append(said))
    try:
        answer = world.run(replay, nights[0], nights[-1], MODEL, ticks=False)
    finally:
        WATCHER.reset(token)
    assert told == [(1, 2, nights[0]), (2, 2, nights[1])]
    assert answer["labelled"] == answer["games"] > 0
    assert len(world.rollout.events) == events
    again = world.run(replay, nights[0], nights[-1], MODEL, ticks=False)
    assert (again["played"], again["brier"]) == (1, answer["brier"])


def test_a_range_that_is_none_is_refused(world: World) -> None:
    with pytest.raises(BadInput, match="name a range"):
        world.run(replay, "2019-03-01", "2019-01-01", MODEL)
    assert pd.isna(world.run(replay, "2031-07-01", "2031-07-03", MODEL)["brier"])
