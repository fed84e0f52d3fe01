"""What a version accepts, and the shortest way from a client's rows to its arrays."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import chain
from operator import itemgetter
from typing import TYPE_CHECKING, Literal

import numpy as np

from blocks.serving.refusal import bad_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    from blocks.serving.batch import Batch, Scalar

Kind = Literal["number", "integer", "text", "flag", "other"]

ACCEPTED: dict[Kind, tuple[type, ...]] = {
    "number": (float, int),
    "integer": (int,),
    "text": (str,),
    "flag": (bool,),
}
MLFLOW_KINDS: dict[str, Kind] = {
    "double": "number",
    "float": "number",
    "long": "integer",
    "integer": "integer",
    "string": "text",
    "boolean": "flag",
}
PLANS_KEPT = 64


@dataclass(frozen=True, slots=True)
class Column:
    """One input of a version; only a column that is not required may be missing or null."""

    name: str
    kind: Kind
    required: bool = True
    type_name: str = "double"


@dataclass(frozen=True, slots=True)
class Plan:
    """How one order of the client's columns becomes the version's order."""

    width: int
    pick: Callable[[Sequence[Scalar]], Sequence[Scalar]] | None


@dataclass(slots=True)
class Schema:
    """The columns of a version in its own order; plans are kept per column order that clients send.

    tensor: the type of the one array that a version takes instead of columns with names, empty for all others.
    """

    columns: tuple[Column, ...]
    tensor: str = ""
    is_numeric: bool = field(init=False)
    _plans: dict[tuple[str, ...] | None, Plan] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Note whether one float64 array holds every column."""
        self.is_numeric = all(column.kind in ("number", "integer") for column in self.columns)

    def expected(self) -> list[dict[str, object]]:
        """Return the columns as an error message shows them."""
        return [{"name": c.name, "type": c.type_name, "required": c.required} for c in self.columns]

    def features(self, batch: Batch) -> NDArray[np.float64] | dict[str, NDArray[np.generic]]:
        """Return shape (rows, columns) if every column is a number, else one array a column, in the version's order.

        Raises Refusal 400 with the field, the row and the expected schema.
        """
        plan = self._plans.get(batch.columns) or self._plan(batch.columns)
        width = plan.width
        rows = batch.rows
        for length in map(len, rows):
            if length != width:
                raise self._uneven(rows, width)
        picked = rows if plan.pick is None else [plan.pick(row) for row in rows]
        if self.is_numeric:
            return self._numeric(picked)
        by_column: Iterable[Sequence[Scalar]] = zip(*picked, strict=True) if picked else [()] * len(self.columns)
        return {c.name: self._column(c, values) for c, values in zip(self.columns, by_column, strict=True)}

    def _numeric(self, rows: Sequence[Sequence[Scalar]]) -> NDArray[np.float64]:
        types = set(map(type, chain.from_iterable(rows)))
        if types != {float}:
            for column, values in zip(self.columns, zip(*rows, strict=True), strict=False):
                self._check(column, values)
        try:
            return np.array(rows, dtype=np.float64).reshape(len(rows), len(self.columns))
        except OverflowError:
            raise bad_rows("An integer is too large for a double.", expected=self.expected()) from None

    def _column(self, column: Column, values: Sequence[Scalar]) -> NDArray[np.generic]:
        self._check(column, values)
        if column.kind in ("number", "integer"):
            return np.array(values, dtype=np.float64)
        return np.array(values, dtype=np.bool_ if column.kind == "flag" and None not in values else np.object_)

    def _check(self, column: Column, values: Sequence[Scalar]) -> None:
        accepted = ACCEPTED.get(column.kind)
        if accepted is None:
            return
        for row, value in enumerate(values):
            if value is None:
                if column.required:
                    raise self._wrong(column, row, value, "is missing")
            elif type(value) not in accepted and not (column.kind == "integer" and _is_whole(value)):
                raise self._wrong(column, row, value, f"is not a {column.type_name}")

    def _plan(self, given: tuple[str, ...] | None) -> Plan:
        names = tuple(column.name for column in self.columns)
        if given is None or given == names:
            plan = Plan(len(names), None)
        else:
            places = self._places(given)
            simple = [place for place in places if place is not None]
            is_plain = len(simple) == len(places) > 1
            plan = Plan(len(given), itemgetter(*simple) if is_plain else _picker(places))
        if len(self._plans) >= PLANS_KEPT:  # a client that invents column names must not fill the memory
            self._plans.clear()
        self._plans[given] = plan
        return plan

    def _places(self, given: tuple[str, ...]) -> tuple[int | None, ...]:
        if len(set(given)) != len(given):
            twice = next(name for name in given if given.count(name) > 1)
            raise bad_rows(f"Column {twice!r} is given twice.", twice, expected=self.expected())
        at = {name: place for place, name in enumerate(given)}
        for column in self.columns:
            if column.required and column.name not in at:
                extra = sorted(set(given) - {c.name for c in self.columns})
                raise bad_rows(
                    f"Column {column.name!r} ({column.type_name}) is missing.",
                    column.name,
                    expected=self.expected(),
                    ignored=extra,
                )
        return tuple(at.get(column.name) for column in self.columns)

    def _wrong(self, column: Column, row: int, value: Scalar, why: str) -> Exception:
        shown = repr(value)[:80]
        return bad_rows(
            f"Column {column.name!r}, row {row}: {shown} {why}.", column.name, row, expected=self.expected()
        )

    def _uneven(self, rows: Sequence[Sequence[Scalar]], width: int) -> Exception:
        row = next(place for place, values in enumerate(rows) if len(values) != width)
        return bad_rows(
            f"Row {row} has {len(rows[row])} values for {width} columns.", row=row, expected=self.expected()
        )


def schema_of(signature: object) -> Schema:
    """Return the schema of an MLflow model signature; a tensor of width k becomes k columns named 0 .. k-1."""
    inputs = getattr(signature, "inputs", None)
    if inputs is None or not len(inputs):
        return Schema(())
    if inputs.is_tensor_spec():
        width = int(inputs.inputs[0].shape[-1])
        return Schema(tuple(Column(str(place), "number") for place in range(width)), str(inputs.inputs[0].type))
    return Schema(tuple(_column_of(spec, place) for place, spec in enumerate(inputs.inputs)))


def _column_of(spec: object, place: int) -> Column:
    type_name = str(getattr(getattr(spec, "type", None), "name", "object"))
    kind = MLFLOW_KINDS.get(type_name, "other")
    name = getattr(spec, "name", None) or str(place)
    return Column(name, kind, bool(getattr(spec, "required", True)), type_name)


def _is_whole(value: Scalar) -> bool:
    return isinstance(value, float) and value.is_integer()


def _picker(places: tuple[int | None, ...]) -> Callable[[Sequence[Scalar]], Sequence[Scalar]]:
    return lambda row: [None if place is None else row[place] for place in places]
