"""The breaker's life, with the clock passed in."""

from __future__ import annotations

import pytest

from blocks.serving.breaker import Breaker, BreakerRule, State

RULE = BreakerRule(window_s=60, min_requests=20, error_rate=0.5, cooldown_s=30, probes=3)


def state_of(breaker: Breaker) -> State:
    """Return the state afresh: it moves between two looks."""
    return breaker.state


def opened(at: float = 0.0) -> Breaker:
    """Return a breaker that opened at a time."""
    breaker = Breaker("7", RULE)
    breaker.record(at, failed=True, impossible=True)
    return breaker


def test_fewer_failures_than_the_minimum_open_nothing() -> None:
    breaker = Breaker("7", RULE)
    for second in range(19):
        breaker.record(second, failed=True)
    assert breaker.lets_through(19)
    breaker.record(19, failed=True)
    assert not breaker.lets_through(20)


@pytest.mark.parametrize(("failures", "state"), [(9, State.CLOSED), (10, State.OPEN)])
def test_it_opens_at_the_rate_and_not_below(failures: int, state: State) -> None:
    breaker = Breaker("7", RULE)
    for number in range(20):
        breaker.record(1.0, failed=number >= 20 - failures)
    assert state_of(breaker) is state


def test_failures_that_left_the_window_count_no_more() -> None:
    breaker = Breaker("7", RULE)
    for _ in range(19):
        breaker.record(0.0, failed=True)
    breaker.record(60.0, failed=True)
    assert state_of(breaker) is State.CLOSED


def test_after_the_cooldown_good_probes_in_a_row_close_it() -> None:
    breaker = opened()
    assert not breaker.lets_through(29.9)
    assert state_of(breaker) is State.OPEN
    assert not breaker.lets_through(30)
    assert state_of(breaker) is State.HALF_OPEN
    for _ in range(3):
        breaker.record(31, failed=False)
    assert breaker.lets_through(31)


def test_a_bad_probe_opens_it_for_another_cooldown() -> None:
    breaker = opened()
    breaker.lets_through(30)
    breaker.record(31, failed=False)
    breaker.record(31, failed=True)
    assert state_of(breaker) is State.OPEN
    assert not breaker.lets_through(60)
    assert state_of(breaker) is State.OPEN
    breaker.lets_through(61)
    assert state_of(breaker) is State.HALF_OPEN


def test_late_answers_of_an_open_version_change_nothing() -> None:
    breaker = opened()
    for _ in range(50):
        breaker.record(1, failed=False)
    assert state_of(breaker) is State.OPEN


def test_every_move_is_announced_with_its_reason() -> None:
    heard: list[tuple[str, State, str]] = []
    breaker = Breaker("7", RULE, lambda *move: heard.append(move))
    breaker.record(0, failed=True, impossible=True)
    breaker.reset()
    breaker.reset()
    assert heard == [("7", State.OPEN, "an impossible output"), ("7", State.CLOSED, "reset by hand")]
