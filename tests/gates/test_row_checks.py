"""The checks of single rows that Great Expectations lacks, as plain functions."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blocks.suites import rows

PAIRINGS = st.lists(
    st.tuples(st.sampled_from(["d1", "d2"]), st.sampled_from("ABC"), st.sampled_from("ABC"), st.integers(0, 1)),
    min_size=1,
    max_size=12,
)


def games(*listed: tuple[str, str, str, int]) -> pd.DataFrame:
    return pd.DataFrame(list(listed), columns=["date", "home", "away", "pts"])


@settings(deadline=None)  # a busy machine is no failure
@given(PAIRINGS)
def test_after_copies_are_taken_out_every_game_is_there_once_or_contradicts_itself(
    listed: list[tuple[str, str, str, int]],
) -> None:
    frame = games(*listed)
    found = rows.appear_once(frame, ["date"], ["pts"], ["home", "away"])
    kept = frame.drop(index=found.rows.tolist())
    assert rows.appear_once(kept, ["date"], ["pts"], ["home", "away"]).passed
    pairing = frame.apply(lambda row: (row["date"], *sorted([row["home"], row["away"]])), axis=1)
    agree = {key: part["pts"].nunique() == 1 for key, part in frame.groupby(pairing)}
    assert sorted(pairing[kept.index]) == sorted(key for key, same in agree.items() if same)


def test_a_copy_is_one_row_too_many_and_a_contradiction_is_all_of_them() -> None:
    frame = games(("d", "A", "B", 1), ("d", "A", "B", 1), ("d", "C", "D", 1), ("d", "D", "C", 2))
    found = rows.appear_once(frame, ["date"], ["pts"], ["home", "away"])
    assert found.rows.tolist() == [1, 2, 3]
    assert "1 copies, 2 rows that contradict" in found.why


def test_two_stories_told_twice_each_are_a_contradiction_too() -> None:
    frame = games(("d", "A", "B", 1), ("d", "A", "B", 1), ("d", "A", "B", 2), ("d", "A", "B", 2))
    assert rows.appear_once(frame, ["date"], ["pts"], ["home", "away"]).rows.tolist() == [0, 1, 2, 3]


def test_a_key_with_a_part_missing_is_no_copy() -> None:
    frame = pd.DataFrame({"game_id": [None, None, "a"]})
    assert rows.appear_once(frame, ["game_id"]).passed


def test_a_team_twice_a_night_is_found_and_a_copied_game_is_not_that() -> None:
    frame = games(("d", "A", "B", 1), ("d", "A", "B", 1), ("d", "C", "A", 1), ("e", "A", "C", 1))
    assert rows.once_per(frame, "date", ["home", "away"]).rows.tolist() == [0, 1, 2]
    assert rows.once_per(frame.drop(index=2), "date", ["home", "away"]).passed


@pytest.mark.parametrize(
    ("date", "season", "fits"),
    [
        ("2018-10-16", 2019, True),
        ("2019-06-13", 2019, True),
        ("2020-10-11", 2020, True),
        ("2018-12-25", 2018, False),
        ("2019-03-01", 2018, False),
        ("2019-01-05", 2020, False),
    ],
)
def test_a_season_is_labelled_by_the_year_it_ends_in(date: str, season: int, fits: bool) -> None:
    frame = pd.DataFrame({"date": [date], "season": [season]})
    assert rows.dates_in_season(frame, "date", "season", "09-01", "10-12").passed is fits


@given(st.floats(0.02, 0.98))
def test_the_implied_probability_is_that_of_the_price(p: float) -> None:
    price = -100 * p / (1 - p) if p > 0.5 else 100 * (1 - p) / p
    assert rows.implied(np.array([price]))[0] == pytest.approx(p)


@pytest.mark.parametrize(
    ("home", "away", "fits"), [(-110, -110, True), (-150, 130, True), (-650, -650, False), (240, -200, False)]
)
def test_both_sides_may_be_favoured_a_little_and_no_bet_may_be_sure(home: float, away: float, fits: bool) -> None:
    frame = pd.DataFrame({"h": [float(home), np.nan], "a": [float(away), -110.0]})
    assert rows.overround(frame, ["h", "a"], 1.0, 1.1).passed is fits


def test_a_condition_skips_rows_that_lack_a_column() -> None:
    frame = pd.DataFrame({"a": [1.0, np.nan, 3.0], "b": [2.0, 1.0, 1.0]})
    assert rows.satisfy(frame, "a < b", ["a", "b"]).rows.tolist() == [2]
    assert rows.satisfy(frame, "a < b", ["a", "b"], "b > 1").passed


def test_only_ids_of_the_shape_are_compared_with_their_row() -> None:
    frame = pd.DataFrame({"id": ["20190105-A-B", "20190105-B-A", "x"], "date": ["2019-01-05"] * 3, "t": "A", "h": "B"})
    assert rows.ids_spell(frame, "id", ["date", "t", "h"], r"\d{8}-\w-\w").rows.tolist() == [1]


def test_a_game_is_two_rows_that_mirror_each_other() -> None:
    frame = pd.DataFrame(
        {"g": ["1", "1", "2", "2", "3"], "t": list("ABCDE"), "o": list("BADCF"), "home": [0, 1, 1, 0, 1]}
        | {"pts": [90, 80, 70, 60, 50], "opp": [80, 90, 60, 71, 40]}
    )
    assert rows.mirror(frame, "g", [["t", "o"], ["pts", "opp"]], "home").rows.tolist() == [2, 3, 4]
