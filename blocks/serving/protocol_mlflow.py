"""MLflow's scoring protocol: bytes to rows, predictions to bytes."""

from __future__ import annotations

import json
from math import isinf, isnan
from typing import TYPE_CHECKING, cast

import msgspec

from blocks.serving.batch import Batch, Scalar
from blocks.serving.refusal import bad_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

SHAPES = ("dataframe_split", "dataframe_records", "instances", "inputs")
Cell = float | int | str | None


class Split(msgspec.Struct):
    """pandas' `split` orientation without its index."""

    columns: list[str]
    data: list[list[Cell]]


class Envelope(msgspec.Struct):
    """The commonest bodies, typed: what does not fit is read again with patience and a message."""

    dataframe_split: Split | None = None
    dataframe_records: list[dict[str, Cell]] | None = None
    instances: msgspec.Raw | None = None
    inputs: msgspec.Raw | None = None
    params: dict[str, object] | None = None


_DECODER = msgspec.json.Decoder(Envelope)
_ENCODER = msgspec.json.Encoder()


class Answer(msgspec.Struct):
    """The body of a 200."""

    predictions: list[float]


def decode(body: bytes) -> Batch:
    """Return the rows of a request body; raises Refusal 400 with the field that is wrong."""
    try:
        envelope = _DECODER.decode(body)
    except (msgspec.DecodeError, RecursionError):
        return _decode_slowly(body)
    split, records = envelope.dataframe_split, envelope.dataframe_records
    if envelope.instances is not None or envelope.inputs is not None or (split is None) == (records is None):
        return _decode_slowly(body)
    params = envelope.params or {}
    if split is not None:
        return Batch(tuple(split.columns), cast("Sequence[Sequence[Scalar]]", split.data), params)
    return _of_records(cast("list[dict[str, Scalar]]", records), "dataframe_records", params)


def encode(predictions: list[float]) -> bytes:
    """Return the body of an answer: one probability a row.

    >>> encode([0.25])
    b'{"predictions":[0.25]}'
    """
    return _ENCODER.encode(Answer(predictions))


def _decode_slowly(body: bytes) -> Batch:
    """Read what the typed decoder refused: rarer shapes, booleans, NaN, and everything that is wrong."""
    envelope = _loads(body)
    if not isinstance(envelope, dict):
        raise bad_rows("The body is a JSON object.", expected_one_of=list(SHAPES))
    shapes = [name for name in SHAPES if name in envelope]
    if len(shapes) != 1:
        got = ", ".join(shapes) or "none of them"
        raise bad_rows(f"The body holds exactly one of {', '.join(SHAPES)}; got {got}.", expected_one_of=list(SHAPES))
    params = envelope.get("params")
    if params is not None and not isinstance(params, dict):
        raise bad_rows("params is an object.", "params")
    shape = shapes[0]
    return READERS[shape](envelope[shape], shape, cast("dict[str, object]", params or {}))


def _loads(body: bytes) -> object:
    try:
        value = json.loads(body)
        if b"\\u" in body:
            _ENCODER.encode(value)  # half of a surrogate pair is no text, and could not be journaled
        return value
    except UnicodeEncodeError:
        raise bad_rows("A text holds half of a surrogate pair.") from None
    except UnicodeDecodeError as wrong:
        raise bad_rows(f"The body is not UTF-8 at byte {wrong.start}.") from None
    except json.JSONDecodeError as wrong:
        raise bad_rows(f"Malformed JSON: {wrong.msg} at line {wrong.lineno}, column {wrong.colno}.") from None
    except (ValueError, RecursionError) as wrong:  # an integer of thousands of digits, brackets without end
        raise bad_rows(f"JSON that cannot be read: {str(wrong)[:120]}.") from None


def _of_split(value: object, shape: str, params: dict[str, object]) -> Batch:
    if not isinstance(value, dict) or not isinstance(value.get("data"), list):
        raise bad_rows(f"{shape} is an object with columns and data.", shape)
    columns, rows = value.get("columns"), value["data"]
    if columns is not None and not (isinstance(columns, list) and all(isinstance(name, str) for name in columns)):
        raise bad_rows(f"{shape}.columns is a list of names.", f"{shape}.columns")
    return Batch(None if columns is None else tuple(columns), _cells(rows, f"{shape}.data"), params)


def _of_records(records: object, shape: str, params: dict[str, object]) -> Batch:
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        raise bad_rows(f"{shape} is a list of objects.", shape)
    if not records:
        return Batch((), [], params)
    columns = tuple(records[0])
    for row, record in enumerate(records):
        if record.keys() != records[0].keys():
            name = sorted(record.keys() ^ records[0].keys())[0]
            raise bad_rows(f"Row {row} and row 0 differ in column {name!r}.", name, row)
    return Batch(columns, _cells([[record[name] for name in columns] for record in records], shape), params)


def _of_instances(value: object, shape: str, params: dict[str, object]) -> Batch:
    if not isinstance(value, list):
        raise bad_rows(f"{shape} is a list.", shape)
    if value and isinstance(value[0], dict):
        return _of_records(value, shape, params)
    rows = value if all(isinstance(row, list) for row in value) else [[cell] for cell in value]
    return Batch(None, _cells(rows, shape), params)


def _of_inputs(value: object, shape: str, params: dict[str, object]) -> Batch:
    if not isinstance(value, dict):
        return _of_instances(value, shape, params)
    lists = [column if isinstance(column, list) else [column] for column in value.values()]
    lengths = {name: len(column) for name, column in zip(value, lists, strict=True)}
    if len(set(lengths.values())) > 1:
        raise bad_rows(f"The columns of {shape} differ in length: {lengths}.", shape)
    flat = [[cell[0] if isinstance(cell, list) and len(cell) == 1 else cell for cell in column] for column in lists]
    return Batch(tuple(value), _cells([list(row) for row in zip(*flat, strict=True)], shape), params)


def _cells(rows: list[object], where: str) -> list[list[Scalar]]:
    """Return the rows with NaN, which only Python's JSON knows, as null; refuse infinities and rows that are none."""
    return [_row(row, place, where) for place, row in enumerate(rows)]


def _row(row: object, place: int, where: str) -> list[Scalar]:
    if not isinstance(row, list):
        raise bad_rows(f"{where}: row {place} is not a list.", where, place)
    if any(isinstance(cell, float) and isinf(cell) for cell in row):
        raise bad_rows(f"{where}: row {place} holds an infinite number.", where, place)
    return [None if isinstance(cell, float) and isnan(cell) else cell for cell in row]


READERS = {
    "dataframe_split": _of_split,
    "dataframe_records": _of_records,
    "instances": _of_instances,
    "inputs": _of_inputs,
}
