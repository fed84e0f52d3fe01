"""Results are revised, never overwritten."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from blocks.errors import Refused
from blocks.store import Store

AT = datetime(2019, 1, 6, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def result(unit: str, outcome: float | None, status: str = "final", **more: object) -> dict[str, object]:
    return {"unit": unit, "slate": "2019-01-05", "status": status, "outcome": outcome, "details": None, **more}


def frame(*rows: dict[str, object]) -> pd.DataFrame:
    return pd.DataFrame(list(rows))


def test_the_same_results_again_write_nothing(store: Store) -> None:
    rows = frame(result("a", 1.0, details={"home_pts": 101}), result("b", None, "scheduled"))
    assert len(store.record_outcomes("m", rows, AT)) == 2
    assert store.record_outcomes("m", rows, AT + DAY).empty
    assert len(store.outcomes("m", latest=False)) == 2


def test_a_correction_is_a_revision_and_only_that_comes_back(store: Store) -> None:
    store.record_outcomes("m", frame(result("a", 1.0), result("b", 0.0)), AT)
    changed = store.record_outcomes("m", frame(result("a", 0.0), result("b", 0.0)), AT + DAY)
    assert changed[["unit", "revision", "outcome"]].to_dict("records") == [{"unit": "a", "revision": 2, "outcome": 0.0}]
    assert store.outcomes("m")["outcome"].tolist() == [0.0, 0.0]
    assert store.outcomes("m", latest=False)["outcome"].tolist() == [1.0, 0.0, 0.0]


def test_a_correction_of_the_score_alone_is_a_revision(store: Store) -> None:
    store.record_outcomes("m", frame(result("a", 1.0, details={"home_pts": 101})), AT)
    changed = store.record_outcomes("m", frame(result("a", 1.0, details={"home_pts": 102})), AT)
    assert changed["details"].tolist() == [{"home_pts": 102}]


def test_a_reader_sees_what_was_known_then(store: Store) -> None:
    store.record_outcomes("m", frame(result("a", 1.0)), AT)
    store.record_outcomes("m", frame(result("a", 0.0)), AT + DAY)
    assert store.outcomes("m", until=AT + DAY)["outcome"].tolist() == [1.0]
    assert store.outcomes("m", since=AT + DAY)["outcome"].tolist() == [0.0]


def test_a_postponed_game_leaves_its_night_and_has_its_result_in_another(store: Store) -> None:
    rows = frame(result("a", None, "moved"), result("a", 1.0, slate="2019-01-09"))
    store.record_outcomes("m", rows, AT)
    assert store.record_outcomes("m", frame(result("a", None, "moved")), AT + DAY).empty
    assert store.outcomes("m")["status"].tolist() == ["moved", "final"]


def test_two_outcomes_of_one_unit_in_one_call_are_refused_and_nothing_is_written(store: Store) -> None:
    with pytest.raises(Refused, match="a has two different outcomes"):
        store.record_outcomes("m", frame(result("b", 1.0), result("a", 1.0), result("a", 0.0)), AT)
    assert store.outcomes("m").empty


def test_an_equal_duplicate_counts_once(store: Store) -> None:
    assert len(store.record_outcomes("m", frame(result("a", 1.0), result("a", 1.0)), AT)) == 1


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (result("a", 1.0, "done"), "status of a"),
        (result("a", None), "a is final"),
        (result("a", 1.0, "void"), "a is void"),
    ],
)
def test_a_result_that_contradicts_itself_is_refused(store: Store, row: dict[str, object], words: str) -> None:
    with pytest.raises(Refused, match=words):
        store.record_outcomes("m", frame(row), AT)
