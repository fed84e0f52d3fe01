"""What a gate answers, whatever the suite."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from blocks.errors import NotFound, Refused
from blocks.gates import Gates
from blocks.suites.markdown import markdown

Suites = Callable[..., Callable[..., dict[str, Any]]]
FRAME = pd.DataFrame({"game_id": ["a", "b", "c", "d"], "p": [0.1, 0.2, 0.3, 1.4], "q": [1.0, None, 3.0, 4.0]})


def between(column: str = "p", **more: object) -> dict[str, object]:
    return {"type": "expect_column_values_to_be_between", "kwargs": {"column": column, "max_value": 1}, **more}


def test_a_row_outside_fails_the_gate_with_the_expectations_name_the_rows_and_the_reason(suite: Suites) -> None:
    answer = suite(between(why="not a probability"))(FRAME)
    assert answer["verdict"] == "FAIL"
    [one] = answer["failed"]
    assert one["expectation"] == "expect_column_values_to_be_between"
    assert (one["column"], one["rows"], one["examples"]) == ("p", 1, [3])
    assert one["why"] == "not a probability: found 1.4 (1)"
    assert answer["quarantined"] == []


def test_a_row_that_may_be_set_aside_leaves_the_verdict_alone(suite: Suites) -> None:
    answer = suite(between(quarantine=True, why="not a probability"))(FRAME)
    assert answer["verdict"] == "PASS"
    assert answer["quarantined"] == [{"row": 3, "key": "d", "why": "not a probability (p = 1.4)"}]


def test_a_column_that_is_bad_in_too_many_rows_is_not_set_aside(suite: Suites) -> None:
    frame = FRAME.assign(p=[2.0, 2.0, 0.3, 0.4])
    assert suite(between(quarantine=True), quarantine_limit=0.5)(frame)["verdict"] == "PASS"
    assert suite(between(quarantine=True), quarantine_limit=0.4)(frame)["verdict"] == "FAIL"


def test_rows_set_aside_for_different_reasons_are_too_many_together(suite: Suites) -> None:
    frame = pd.DataFrame({"p": [2.0, 0.0, 0.0], "q": [0.0, 2.0, 0.0]})
    answer = suite(between(quarantine=True), between("q", quarantine=True), quarantine_limit=0.4)(frame)
    assert answer["verdict"] == "FAIL"
    assert [one["column"] for one in answer["failed"]] == ["p", "q"]


def test_of_a_table_whose_only_row_is_set_aside_nothing_passes(suite: Suites) -> None:
    answer = suite(between(quarantine=True))(FRAME.tail(1))
    assert answer["verdict"] == "FAIL"
    assert answer["failed"][0]["why"] == "no row is left after the quarantine"


def test_an_empty_table_never_passes(suite: Suites) -> None:
    answer = suite(between())(FRAME.head(0))
    assert [one["expectation"] for one in answer["failed"]] == ["expect_table_row_count_to_be_between"]


def test_a_missing_column_fails_once_whatever_asks_for_it(suite: Suites) -> None:
    answer = suite(between("speed"), between("speed", quarantine=True), between(severity="warning"))(FRAME)
    assert answer["verdict"] == "FAIL"
    assert [(one["expectation"], one["column"]) for one in answer["failed"]] == [("expect_column_to_exist", "speed")]


def test_an_exception_inside_an_expectation_is_a_failure(suite: Suites) -> None:
    answer = suite(between("game_id"))(FRAME)
    assert answer["verdict"] == "FAIL"
    assert "could not be computed" in answer["failed"][0]["why"]


def test_a_warning_is_told_and_does_not_fail(suite: Suites) -> None:
    answer = suite(between(severity="warning"))(FRAME)
    assert answer["verdict"] == "PASS"
    assert [one["column"] for one in answer["warnings"]] == ["p"]


def test_an_expectation_waits_for_the_columns_that_it_is_asked_with(suite: Suites) -> None:
    check = suite(between("r", when=["r"]), between("p", when=["nights"]))
    assert (check(FRAME)["verdict"], check(FRAME)["skipped"]) == ("PASS", 2)
    assert check(FRAME.assign(r=None))["skipped"] == 2
    assert check(FRAME.assign(r=2.0))["verdict"] == "FAIL"
    assert check(FRAME, nights=["2019-01-05"])["verdict"] == "FAIL"


def test_a_parameter_comes_from_the_context(suite: Suites) -> None:
    kwargs = {"column": "game_id", "value_set": {"$PARAMETER": "known"}}
    check = suite({"type": "expect_column_values_to_be_in_set", "kwargs": kwargs})
    assert check(FRAME, known=list("abcd"))["verdict"] == "PASS"
    assert check(FRAME, known=list("abc"))["failed"][0]["examples"] == [3]


def test_an_unknown_expectation_is_refused_with_the_nearest_name(suite: Suites) -> None:
    with pytest.raises(Refused, match=r"expect_column_values_to_be_betwen.*'expect_column_values_to_be_between'"):
        suite({"type": "expect_column_values_to_be_betwen"})(FRAME)


def test_an_unknown_argument_is_refused_by_name(suite: Suites) -> None:
    with pytest.raises(Refused, match="minimum"):
        suite({"type": "expect_column_values_to_be_between", "kwargs": {"column": "p", "minimum": 0}})(FRAME)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("expectations: []", "expectations"),
        ("expectations: [{type: x, kwarg: {}}]", r"expectations\.0\.kwarg"),
        ("expectations: [{type: x, severity: fatal}]", r"expectations\.0\.severity"),
        ("expectations: [", "not YAML"),
    ],
)
def test_a_mistake_in_a_suite_is_refused_with_its_file_and_field(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "own.yaml").write_text(text)
    with pytest.raises(Refused, match=rf"own\.yaml.*{words}"):
        Gates(folder=str(tmp_path)).run("own", FRAME)


def test_a_suite_that_is_not_there_names_those_that_are(gates: Gates) -> None:
    with pytest.raises(NotFound, match="box, evidence"):
        gates.run("nba-win/players", FRAME)


def test_a_suite_may_begin_with_another(suite: Suites, tmp_path: Path) -> None:
    check = suite(between("q"), include="first")
    (tmp_path / "first.yaml").write_text("expectations: [{type: expect_column_to_exist, kwargs: {column: r}}]")
    assert [one["column"] for one in check(FRAME)["failed"]] == ["r", "q"]


def test_any_index_is_taken_and_a_named_one_is_the_key(suite: Suites) -> None:
    answer = suite(between(quarantine=True))(FRAME.set_index("game_id"))
    assert answer["quarantined"][0]["key"] == "d"
    assert suite(between(quarantine=True))(FRAME.set_axis([5, 5, 5, 5]))["quarantined"][0]["row"] == 3


def test_threads_get_their_own_verdicts(suite: Suites) -> None:
    check = suite(between())
    good, bad = FRAME.head(3), FRAME
    with ThreadPoolExecutor(4) as pool:
        verdicts = list(pool.map(lambda frame: check(frame)["verdict"], [good, bad] * 20))
    assert verdicts == ["PASS", "FAIL"] * 20


def test_a_page_is_capped_and_keeps_its_table_whole(suite: Suites) -> None:
    answer = suite(between(quarantine=True), quarantine_limit=0.9)(
        pd.DataFrame({"game_id": ["a|b"] * 50, "p": [2.0] * 40 + [0.0] * 10})
    )
    page = markdown("own", answer)
    assert "## Gate own: PASS" in page
    assert "and 20 more" in page
    assert "a\\|b" in page
    assert {line.replace("\\|", "").count("|") for line in page.splitlines() if line.startswith("| ")} == {4}
