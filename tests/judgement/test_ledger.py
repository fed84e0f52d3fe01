"""Every data rule of the ledger, one test each."""

from __future__ import annotations

import pickle
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.evidence import overdue
from tasks.judgement.judge import judge
from tasks.judgement.ledger import Ledger, Pair, build_ledger
from tasks.judgement.rule import Rule
from tasks.rollout.refusal import BadInput

N1, N2, N3 = "2024-01-01", "2024-01-02", "2024-01-03"
PAIR = Pair(champion="1", challenger="2")


def at(night: str, hour: float) -> datetime:
    return datetime.fromisoformat(night).replace(tzinfo=UTC) + timedelta(hours=hour)


def sealed(
    unit: str, version: str | int, p: object, night: str = N1, made: float = 12, tip: float = 19, **more: object
) -> dict[str, Any]:
    row = {"unit": unit, "version": version, "p": p, "made_at": at(night, made), "tip_at": at(night, tip)}
    return row | {"night": night} | more


def told(
    unit: str, outcome: float | None, night: str = N1, revision: int = 1, status: str = "final", **more: object
) -> dict[str, Any]:
    row = {"unit": unit, "revision": revision, "status": status, "outcome": outcome, "night": night}
    return row | {"recorded_at": at(night, 23) + timedelta(hours=revision)} | more


def both(unit: str, old: object = 0.4, new: object = 0.6, night: str = N1, **more: Any) -> list[dict[str, Any]]:
    return [sealed(unit, "1", old, night, **more), sealed(unit, "2", new, night, **more)]


def ledger(predictions: list[dict[str, Any]], outcomes: list[dict[str, Any]], pair: Pair = PAIR) -> Ledger:
    return build_ledger(pd.DataFrame(predictions), pd.DataFrame(outcomes), pair, [N1, N2, N3])


def late(predictions: list[dict[str, Any]], outcomes: list[dict[str, Any]], deadline: datetime) -> tuple[str, ...]:
    return overdue(pd.DataFrame(predictions), pd.DataFrame(outcomes), deadline)


def rows(built: Ledger) -> list[tuple[str, str, float, float, float, bool]]:
    nights = [built.nights[k] for k in built.night]
    columns = (built.p_old, built.p_new, built.y, built.answered)
    return list(zip(nights, built.unit, *(c.tolist() for c in columns), strict=True))


def test_a_labelled_unit_is_one_row() -> None:
    assert rows(ledger(both("a"), [told("a", 1)])) == [(N1, "a", 0.4, 0.6, 1.0, True)]


def test_the_forecast_of_record_is_the_last_sealed_before_tip_off() -> None:
    later = both("a", 0.45, 0.65, made=18.5)
    built = ledger(both("a") + later + both("a", 0.1, 0.1, made=6), [told("a", 1)])
    assert rows(built)[0][2:4] == (0.45, 0.65)


def test_a_forecast_after_tip_off_is_ignored_and_counted() -> None:
    built = ledger([*both("a"), sealed("a", "2", 0.99, made=19)], [told("a", 1)])
    assert rows(built)[0][3] == 0.6
    assert built.counts.late_forecasts == 1


def test_a_game_moved_forward_on_its_day_ignores_what_was_sealed_after_the_actual_tip_off() -> None:
    built = ledger([*both("a"), sealed("a", "2", 0.9, made=18.5)], [told("a", 1, tip_at=at(N1, 18))])
    assert rows(built)[0][3] == 0.6
    assert built.counts.late_forecasts == 1


def test_the_label_is_the_latest_final_revision() -> None:
    built = ledger(both("a"), [told("a", 1), told("a", 0, revision=2), told("a", None, revision=3, status="scheduled")])
    assert rows(built)[0][4] == 0.0


def test_a_correction_recomputes_and_is_counted() -> None:
    built = ledger(both("a"), [told("a", 1), told("a", 0, revision=2)])
    assert built.counts.corrected == 1
    assert ledger(both("a"), [told("a", 1), told("a", 1, revision=2)]).counts.corrected == 0


def test_the_same_row_twice_counts_once() -> None:
    once = ledger(both("a"), [told("a", 1)])
    twice = ledger(both("a") * 2, [told("a", 1)] * 2)
    assert rows(twice) == rows(once)
    assert twice.counts.repeated == 3


def test_one_key_with_two_contents_is_refused() -> None:
    with pytest.raises(BadInput, match="unit a"):
        ledger(both("a") + both("a", 0.41), [told("a", 1)])
    with pytest.raises(BadInput, match="unit a"):
        ledger(both("a"), [told("a", 1), told("a", 0)])


def test_a_cancelled_game_is_not_counted_even_after_a_result() -> None:
    predictions = both("a") + both("b") + both("c")
    built = ledger(
        predictions, [told("a", None, status="void"), told("b", 1), told("c", 1), told("c", None, N1, 2, "void")]
    )
    assert [row[1] for row in rows(built)] == ["b"]
    assert built.counts.void == 2


def test_a_unit_never_labelled_is_not_counted() -> None:
    built = ledger(both("a") + both("b"), [told("a", 1), told("b", None, status="scheduled")])
    assert [row[1] for row in rows(built)] == ["a"]
    assert built.counts.unlabelled == 1


def test_a_postponed_game_belongs_to_the_night_it_is_played_on_with_the_forecast_in_force_then() -> None:
    outcomes = [told("a", None, status="moved"), told("a", 1, N3, revision=2)]
    assert rows(ledger(both("a"), outcomes)) == [(N3, "a", 0.4, 0.6, 1.0, True)]
    assert rows(ledger(both("a") + both("a", 0.3, 0.7, N3), outcomes)) == [(N3, "a", 0.3, 0.7, 1.0, True)]
    waiting = ledger(both("a"), outcomes[:1])
    assert rows(waiting) == []
    assert waiting.counts.moved == 1


def test_a_final_label_moved_to_another_night_by_a_correction_belongs_to_that_night() -> None:
    built = ledger(both("a"), [told("a", 1, N3, recorded_at=at(N3, 1)), told("a", 1, N2, 2, recorded_at=at(N3, 9))])
    assert [row[0] for row in rows(built)] == [N2]


def test_revisions_may_be_counted_by_night_too() -> None:
    outcomes = [told("a", None), told("a", None, revision=2, status="moved"), told("a", 1, N3, revision=1)]
    assert rows(ledger(both("a"), outcomes))[0][0] == N3


@pytest.mark.parametrize("nothing", [None, float("nan")])
def test_a_missing_challenger_is_scored_as_the_champion_and_has_not_answered(nothing: float | None) -> None:
    built = ledger(both("a", new=nothing) + both("b"), [told("a", 1), told("b", 1)])
    assert rows(built)[0][2:] == (0.4, 0.4, 1.0, False)
    assert built.counts.missing_new == 1


def test_a_challenger_without_any_row_is_missing_too() -> None:
    built = ledger([sealed("a", "1", 0.4), *both("b")], [told("a", 1), told("b", 1)])
    assert rows(built)[0][2:] == (0.4, 0.4, 1.0, False)


def test_a_missing_challenger_may_be_scored_as_a_number() -> None:
    built = ledger(both("a", new=None) + both("b"), [told("a", 1), told("b", 1)], Pair("1", "2", fallback=0.5))
    assert rows(built)[0][2:4] == (0.4, 0.5)


def test_a_missing_champion_counts_as_one_half() -> None:
    built = ledger(both("a", old=None) + both("b", None, None), [told("a", 1), told("b", 1)])
    assert [row[2:4] for row in rows(built)] == [(0.5, 0.6), (0.5, 0.5)]
    assert built.counts.missing_old == 2


@pytest.mark.parametrize("impossible", [1.0001, -0.2, float("inf"), -float("inf")])
def test_an_impossible_forecast_is_an_error_and_the_fallback(impossible: float) -> None:
    built = ledger(both("a", new=impossible) + both("b", old=impossible), [told("a", 1), told("b", 1)])
    assert [row[2:4] for row in rows(built)] == [(0.4, 0.4), (0.5, 0.6)]
    assert (built.counts.impossible_new, built.counts.impossible_old, built.counts.missing_new) == (1, 1, 0)


def test_a_unit_that_neither_forecast_is_no_row() -> None:
    built = ledger([*both("a"), sealed("b", "9", 0.5)], [told("a", 1), told("b", 1)])
    assert [row[1] for row in rows(built)] == ["a"]
    assert built.counts.unforecast == 1


def test_who_served_the_game_and_with_what_weight_is_no_part_of_the_evidence() -> None:
    plain = ledger(both("a"), [told("a", 1)])
    served = ledger(both("a", served=True, role="challenger", weight=50), [told("a", 1)])
    assert rows(served) == rows(plain)


def test_versions_are_the_same_as_numbers_and_as_text() -> None:
    assert rows(ledger([sealed("a", 1, 0.4), sealed("a", 2, 0.6)], [told("a", 1)]))[0][2:4] == (0.4, 0.6)


def test_labels_that_outlive_their_hours_are_overdue() -> None:
    predictions = both("a") + both("b") + both("c") + both("d", night=N3)
    outcomes = [told("a", 1), told("b", None, status="scheduled"), told("c", None, status="void")]
    assert late(predictions, outcomes, at(N1, 18)) == ()
    assert late(predictions, outcomes, at(N1, 20)) == ("b",)


def test_a_moved_game_is_overdue_on_its_new_night_alone() -> None:
    outcomes = [told("a", None, status="moved")]
    assert late(both("a"), outcomes, at("2024-01-20", 0)) == ()
    assert late(both("a") + both("a", night=N3), outcomes, at("2024-01-20", 0)) == ("a",)


def test_rows_of_open_nights_stay_in_the_ledger_and_out_of_the_looks() -> None:
    frames = pd.DataFrame(both("a") + both("b", night=N2)), pd.DataFrame([told("a", 1), told("b", 1, N2)])
    built = build_ledger(*frames, PAIR, [N1])
    assert len(rows(built)) == 2
    assert [look.night for look in judge(built, Rule(q_bar=0.04)).looks] == [N1]


def test_outcomes_of_a_bounded_loss_are_brought_to_the_unit_range() -> None:
    pair = Pair("1", "2", fallback=150.0, outcome_range=(150.0, 300.0))
    built = ledger(both("a", 225.0, 240.0) + both("b", None, None), [told("a", 210.0), told("b", 300.0)], pair)
    assert rows(built) == [
        (N1, "a", 0.5, pytest.approx(0.6), pytest.approx(0.4), True),
        (N1, "b", 0.5, 0.0, 1.0, False),
    ]


def test_classes_need_as_many_shares_that_add_up() -> None:
    fine, short, wrong = (0.2, 0.3, 0.5), (0.5, 0.5), (0.9, 0.9, 0.9)
    predictions = both("a", fine, (0.1, 0.1, 0.8)) + both("b", fine, short) + both("c", fine, wrong)
    built = ledger([*predictions, *both("d", None, fine)], [told(u, 2) for u in "abcd"], Pair("1", "2", classes=3))
    assert built.answered.tolist() == [True, False, False, True]
    assert built.p_new[2].tolist() == list(fine)
    assert built.p_old[3].tolist() == [pytest.approx(1 / 3)] * 3
    assert (built.counts.missing_new, built.counts.impossible_new) == (1, 1)
    assert judge(built, Rule(q_bar=0.04, score="classes")).looks[0].n == 4


@pytest.mark.parametrize("column", ["p", "made_at", "night"])
def test_a_missing_column_is_named(column: str) -> None:
    with pytest.raises(BadInput) as refusal:
        build_ledger(pd.DataFrame(both("a")).drop(columns=column), pd.DataFrame([told("a", 1)]), PAIR, [N1])
    assert refusal.value.field == column


def test_an_unknown_status_is_refused() -> None:
    with pytest.raises(BadInput, match="'cancelled'"):
        ledger(both("a"), [told("a", None, status="cancelled")])


def test_no_rows_at_all_are_an_empty_ledger() -> None:
    empty = build_ledger(pd.DataFrame(both("a"))[:0], pd.DataFrame([told("a", 1)])[:0], PAIR, [])
    assert rows(empty) == []
    assert judge(empty, Rule(q_bar=0.04)).reason == "no_looks"


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 60))
def test_any_order_of_the_rows_gives_the_same_ledger_and_verdict_byte_for_byte(seed: int, units: int) -> None:
    rng = np.random.default_rng(seed)
    predictions, outcomes = [], []
    for k in range(units):
        night = (N1, N2, N3)[rng.integers(3)]
        for version in "12":
            for made in rng.choice([6.0, 12.0, 18.0, 19.5], rng.integers(0, 4), replace=False):
                p = None if rng.random() < 0.1 else float(rng.uniform(-0.05, 1.05))
                predictions.append(sealed(f"g{k}", version, p, night, made))
        for revision in range(1, rng.integers(1, 4)):
            status = str(rng.choice(["final", "final", "void", "moved", "scheduled"]))
            outcomes.append(told(f"g{k}", float(rng.integers(2)), night, revision, status))
    if not predictions or not outcomes:
        return
    order, other = rng.permutation(len(predictions)), rng.permutation(len(outcomes))
    rule = Rule(q_bar=0.05, min_units=1, min_nights=1)
    here = ledger(predictions, outcomes)
    shuffled, retold = pd.DataFrame(predictions).iloc[order], pd.DataFrame(outcomes).iloc[other]
    one_index = shuffled.set_axis([0] * len(shuffled)), retold.set_axis([0] * len(retold))
    there = build_ledger(one_index[0], one_index[1], PAIR, [N3, N2, N1])
    assert pickle.dumps(here) == pickle.dumps(there)
    assert pickle.dumps(judge(here, rule)) == pickle.dumps(judge(there, rule))
