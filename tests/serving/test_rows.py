"""From bytes to arrays: every shape clients send, and every way to send it wrong."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from blocks.serving.batch import Batch
from blocks.serving.protocol_mlflow import decode
from blocks.serving.refusal import Refusal
from blocks.serving.schema import Column, Schema

NUMBERS = Schema((Column("a", "number"), Column("b", "number"), Column("c", "number", required=False)))
MIXED = Schema(
    (Column("a", "number"), Column("n", "integer", type_name="long"), Column("t", "text"), Column("f", "flag"))
)
ROWS = [[1.5, 2.0, 3.0], [4.0, 5.0, 6.0]]


def features(body: object, schema: Schema = NUMBERS) -> Any:
    """Return what a version sees of a JSON body."""
    return schema.features(decode(body if isinstance(body, bytes) else json.dumps(body).encode()))


@pytest.mark.parametrize(
    "body",
    [
        {"dataframe_split": {"columns": ["a", "b", "c"], "index": [0, 1], "data": ROWS}},
        {"dataframe_split": {"columns": ["c", "a", "b"], "data": [[3, 1.5, 2], [6, 4, 5]]}},
        {"dataframe_split": {"columns": ["x", "c", "b", "a"], "data": [["g", 3, 2, 1.5], [None, 6, 5, 4]]}},
        {"dataframe_split": {"columns": ["x", "c", "b", "a"], "data": [[{"y": []}, 3, 2, 1.5], [[], 6, 5, 4]]}},
        {"dataframe_split": {"data": ROWS}},
        {"dataframe_records": [{"a": 1.5, "b": 2, "c": 3}, {"c": 6, "b": 5, "a": 4, }]},
        {"dataframe_records": [{"a": 1.5, "b": 2, "c": 3, "x": True}, {"c": 6, "b": 5, "a": 4, "x": False}]},
        {"instances": ROWS},
        {"instances": [{"a": 1.5, "b": 2, "c": 3}, {"a": 4, "b": 5, "c": 6}]},
        {"inputs": ROWS},
        {"inputs": {"a": [1.5, 4], "b": [2, 5], "c": [3, 6]}},
        {"inputs": {"a": [[1.5], [4]], "b": [[2], [5]], "c": [[3], [6]]}, "params": {"x": 1}},
    ],
)  # fmt: skip
def test_every_shape_gives_the_same_array(body: dict[str, Any]) -> None:
    assert features(body).tolist() == ROWS


@given(st.lists(st.tuples(*[st.floats(allow_nan=False, allow_infinity=False)] * 3), max_size=5), st.permutations("abc"))
def test_any_column_order_is_the_same_bits(rows: list[tuple[float, ...]], order: list[str]) -> None:
    turned = [[row["abc".index(name)] for name in order] for row in rows]
    seen = features({"dataframe_split": {"columns": order, "data": turned}})
    assert seen.shape == (len(rows), 3)
    assert seen.tobytes() == np.array(rows, dtype=np.float64).tobytes()


def test_only_a_column_that_is_not_required_may_be_null_or_nan_or_missing() -> None:
    columns = ["a", "b", "c"]
    for body in (
        {"dataframe_split": {"columns": columns, "data": [[1, 2, None]]}},
        b'{"dataframe_split": {"columns": ["a", "b", "c"], "data": [[1, 2, NaN]]}}',
        {"dataframe_records": [{"a": 1, "b": 2}]},
    ):
        assert np.isnan(features(body)[0, 2])
    for cell in ("null", "NaN"):
        with pytest.raises(Refusal, match="'b', row 1") as refused:
            features(b'{"instances": [[1, 2, 3], [1, %s, 3]]}' % cell.encode())
        assert (refused.value.details["field"], refused.value.details["row"]) == ("b", 1)


def test_text_flags_and_integers_arrive_as_what_they_are() -> None:
    body = {
        "dataframe_records": [{"f": True, "t": "final", "n": 3, "a": 1}, {"f": False, "t": "void", "n": 4.0, "a": 2}]
    }
    seen = features(body, MIXED)
    assert {name: values.tolist() for name, values in seen.items()} == {
        "a": [1.0, 2.0],
        "n": [3.0, 4.0],
        "t": ["final", "void"],
        "f": [True, False],
    }


@pytest.mark.parametrize(
    ("changed", "field"), [({"a": "1.5"}, "a"), ({"a": True}, "a"), ({"n": 1.5}, "n"), ({"t": 3}, "t"), ({"f": 1}, "f")]
)
def test_a_value_of_another_type_is_refused_by_name(changed: dict[str, Any], field: str) -> None:
    row = {"a": 1.0, "n": 1, "t": "final", "f": True}
    with pytest.raises(Refusal, match="row 1") as refused:
        features({"dataframe_records": [row, row | changed]}, MIXED)
    assert refused.value.details["field"] == field
    assert refused.value.details["expected"] == MIXED.expected()


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "Malformed JSON"),
        (b"{", "Malformed JSON"),
        (b"\xff{}", "UTF-8"),
        (b"[]", "JSON object"),
        (b"null", "JSON object"),
        (b"{}", "exactly one"),
        (b'{"instances": [], "inputs": []}', "exactly one"),
        (b'{"dataframe_split": 3}', "dataframe_split"),
        (b'{"dataframe_split": {"columns": ["a"], "data": 3}}', "dataframe_split"),
        (b'{"dataframe_split": {"columns": [1, 2, 3], "data": []}}', "columns"),
        (b'{"dataframe_split": {"columns": ["a", "b", "c"], "data": [[1, 2]]}}', "2 values for 3"),
        (b'{"dataframe_split": {"columns": ["a", "b", "c"], "data": [3]}}', "row 0 is not a list"),
        (b'{"dataframe_split": {"columns": ["a", "a", "b"], "data": [[1, 2, 3]]}}', "given twice"),
        (b'{"dataframe_split": {"columns": ["a"], "data": [[1]]}}', "'b' .* is missing"),
        (b'{"dataframe_records": {"a": 1}}', "list of objects"),
        (b'{"dataframe_records": [{"a": 1, "b": 2}, {"a": 1}]}', "Row 1"),
        (b'{"instances": 3}', "instances is a list"),
        (b'{"dataframe_records": [{"a": "\\ud800", "b": 1}]}', "surrogate"),
        (b'{"instances": [[1, 2, Infinity]]}', "infinite"),
        (b'{"instances": [[1, 2, 1e999]]}', "infinite"),
        (b'{"instances": [[1, 2, 1' + b"0" * 400 + b"]]}", "too large"),
        (b'{"instances": [[1, 2, 1' + b"0" * 5000 + b"]]}", "cannot be read"),
        (b'{"instances": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "cannot be read"),
        (b'{"inputs": {"a": [1, 2], "b": [1]}}', "differ in length"),
        (b'{"instances": [], "params": 3}', "params"),
    ],
)
def test_a_body_that_cannot_be_read_is_a_400_that_says_why(body: bytes, why: str) -> None:
    with pytest.raises(Refusal, match=why) as refused:
        features(body)
    assert refused.value.status == 400


NAMES = st.sampled_from(["a", "b", "c", "columns", "data", "params", "dataframe_split", "dataframe_records", "inputs"])
LEAVES = st.none() | st.booleans() | st.floats() | st.text() | st.integers()
ANYTHING = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4), max_leaves=12
)


@given(ANYTHING)
def test_no_json_at_all_gets_anything_but_an_array_or_a_refusal(body: Any) -> None:
    for schema in (NUMBERS, MIXED):
        with suppress(Refusal):
            features(body, schema)


@given(st.binary(max_size=60))
def test_no_bytes_at_all_break_the_parser(body: bytes) -> None:
    with pytest.raises(Refusal):
        features(body)


def test_the_key_is_the_first_rows_value() -> None:
    batch = Batch(("x", "game_id"), [[1.0, "g1"], [1.0, "g2"]])
    assert (batch.key_of("game_id"), batch.key_of("nobody")) == ("g1", None)
    assert Batch(None, [[1.0]]).key_of("game_id") is None
