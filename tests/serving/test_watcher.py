"""Following the record: what is in force when reads fail, loads fail, and pokes overtake reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from blocks.errors import Refused, Unavailable
from blocks.serving.watcher import Pace, Watcher
from tests.serving.conftest import routes_of
from tests.serving.parts import Shelf, constant


class Record:
    """A record that can be away, and that can be overtaken while it is read."""

    def __init__(self, routes: dict[str, Any] | None) -> None:
        self.routes = routes
        self.failure: Exception | None = None
        self.meanwhile: Callable[[], object] = lambda: None

    def __call__(self) -> Mapping[str, Any] | None:
        routes = self.routes
        self.meanwhile()
        if self.failure is not None:
            raise self.failure
        return None if routes is None else {"routes": routes}


class Stand:
    """A watcher whose turns are taken by hand."""

    def __init__(self, routes: dict[str, Any] | None, *versions: str) -> None:
        self.record = Record(routes)
        self.now = 0.0
        self.shelf = Shelf({version: constant(version, 0.5) for version in versions})
        self.watcher = Watcher(self.record, self.shelf, Pace(1, 30), clock=lambda: self.now)

    def turn(self) -> None:
        """Read and load once."""
        self.watcher.turn()
        self.watcher.load_missing()

    @property
    def versions(self) -> set[str]:
        """Return what is seated."""
        table = self.watcher.table
        return set() if table is None else set(table.seats)


def test_a_restart_serves_what_the_record_says() -> None:
    stand = Stand(routes_of("6", "7", 25, fallback="5"), "5", "6", "7")
    stand.turn()
    assert stand.versions == {"6", "7"}
    assert stand.watcher.table is not None
    assert stand.watcher.table.fallback is not None


def test_a_challenger_that_does_not_load_leaves_the_champion_serving_its_keys() -> None:
    stand = Stand(routes_of("6", "7", 100), "6")
    stand.turn()
    assert stand.watcher.table is not None
    assert stand.watcher.table.seat_of("any").version == "6"
    assert "no version 7" in stand.watcher.failures["7"]
    stand.shelf.there["7"] = constant("7", 0.7)
    stand.turn()
    assert stand.versions == {"6"}
    stand.now += 6
    stand.turn()
    assert stand.watcher.table.champion is not None
    assert stand.watcher.table.seat_of("any").version == "7"


def test_a_new_champion_that_does_not_load_leaves_the_old_routes_in_force() -> None:
    stand = Stand(routes_of("6", "7", 25), "6", "7")
    stand.turn()
    stand.record.routes = routes_of("9")
    stand.turn()
    assert stand.versions == {"6", "7"}
    assert "9" in stand.watcher.failures


def test_a_rollback_is_in_force_after_one_read_even_while_something_else_cannot_load() -> None:
    stand = Stand(routes_of("6", "7", 50), "6", "7")
    stand.turn()
    stand.record.routes = routes_of("6", "8", 0, fallback="4")
    stand.watcher.turn()
    assert stand.versions == {"6"}


def test_routes_stand_for_a_while_without_the_record_and_then_the_champion_alone() -> None:
    stand = Stand(routes_of("6", "7", 100), "6", "7")
    stand.turn()
    stand.record.failure = Unavailable("away")
    stand.now = 30
    stand.turn()
    table = stand.watcher.table
    assert table is not None
    assert table.seat_of("any").version == "7"
    stand.now = 31
    stand.turn()
    table = stand.watcher.table
    assert table is not None
    assert table.seat_of("any").version == "6"
    stand.record.failure = None
    stand.turn()
    table = stand.watcher.table
    assert table is not None
    assert table.seat_of("any").version == "7"


@pytest.mark.parametrize(
    "failure", [Unavailable("away"), RuntimeError("a bug"), KeyError("routes"), Refused("routes that are none")]
)
def test_no_failure_of_the_reader_ends_what_stands(failure: Exception) -> None:
    stand = Stand(routes_of("6"), "6")
    stand.turn()
    stand.record.failure = failure
    stand.turn()
    assert stand.versions == {"6"}
    assert stand.watcher.failure


def test_a_read_that_began_before_a_poke_cannot_undo_it() -> None:
    stand = Stand(routes_of("6", "7", 100), "6", "7")
    stand.turn()
    stand.record.meanwhile = lambda: stand.watcher.offer(routes_of("6"))
    stand.turn()
    assert stand.versions == {"6"}


def test_the_record_has_the_last_word_over_routes_that_were_put() -> None:
    stand = Stand(routes_of("6"), "6", "7")
    stand.turn()
    stand.watcher.offer(routes_of("6", "7", 100))
    stand.turn()
    assert stand.versions == {"6"}


def test_a_record_without_a_champion_is_no_table() -> None:
    stand = Stand({"salt": "s", "arms": [], "fallback": None}, "6")
    stand.turn()
    assert stand.watcher.table is None
    assert "no champion" in stand.watcher.failure


def test_the_same_record_again_swaps_nothing() -> None:
    swaps: list[object] = []
    stand = Stand(routes_of("6", "7", 5), "6", "7")
    stand.watcher.on_swap = swaps.append
    for _ in range(5):
        stand.turn()
    assert len(swaps) == 2  # the champion alone while the challenger was loading, then both
