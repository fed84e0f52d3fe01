"""Ask Great Expectations: one ephemeral context a call, because one that is shared by threads mixes their answers."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from blocks.errors import Refused
from blocks.suites.suite import SEVERITIES, Item

if TYPE_CHECKING:
    import pandas as pd

_COLUMNS = ("column", "column_A", "column_B", "group", "flag", "season", "order")
_COLUMN_LISTS = ("column_list", "column_set", "unordered")


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """What one expectation found: passed or not, the rows that are not as expected, and why."""

    item: Item
    passed: bool
    count: int = 0
    why: str = ""
    rows: NDArray[np.int_] | None = None


def check_names(items: Sequence[Item]) -> None:
    """Raise Refused for an expectation that does not exist or cannot take its arguments."""
    for place, item in enumerate(items):
        _built(item, place)


def measure(
    items: Sequence[Item], frame: pd.DataFrame, parameters: Mapping[str, object], documented: bool = False
) -> tuple[list[Measured], str]:
    """Return what each expectation found in a frame with a plain range of rows, in the order of the items.

    An exception inside an expectation is a failure, and so is a column that is missing, which is told once for all that
    ask for it. Rows are given where a failing expectation looks at rows one by one. documented: return beside it the
    page that Great Expectations renders of what was asked (HTML), else an empty text. Raises Refused for a mistake in
    the suite.
    """
    columns = [str(name) for name in frame.columns]
    missing = {place: _missing(item, columns) for place, item in enumerate(items)}
    asked = {place: item for place, item in enumerate(items) if not missing[place]}
    found, page = _run(asked, frame, parameters, "SUMMARY" if documented else "BOOLEAN_ONLY", documented)
    # Only what failed is asked again, for rows and values: their lists cost more than all the checks together.
    bad = {place: asked[place] for place, one in found.items() if not one.passed}
    found |= _run(bad, frame, parameters, "COMPLETE")[0]
    lacking = dict.fromkeys(name for names in missing.values() for name in names)
    absent = [_absent(name, items, missing, len(frame)) for name in lacking]
    return [*absent, *(found[place] for place in sorted(found))], page


def _absent(column: str, items: Sequence[Item], missing: Mapping[int, Sequence[str]], size: int) -> Measured:
    """Return the failure of a missing column, as grave as the gravest expectation that asks for it."""
    grades = {items[place].severity for place, names in missing.items() if column in names}
    severity = next(grade for grade in SEVERITIES if grade in grades)
    item = Item(type="expect_column_to_exist", kwargs={"column": column}, severity=severity)
    return Measured(item, False, size, f"there is no column {column}")


def _missing(item: Item, columns: Sequence[str]) -> list[str]:
    named = [item.kwargs[key] for key in _COLUMNS if isinstance(item.kwargs.get(key), str)]
    for key in _COLUMN_LISTS:
        value = item.kwargs.get(key, [])
        named += value if isinstance(value, list | tuple) else []
    return [str(name) for name in dict.fromkeys(named) if name not in columns]


def _run(
    items: Mapping[int, Item],
    frame: pd.DataFrame,
    parameters: Mapping[str, object],
    detail: str,
    documented: bool = False,
) -> tuple[dict[int, Measured], str]:
    if not items:
        return {}, ""
    answer = _validated(items, frame, parameters, detail)
    placed = ((int(one.expectation_config.meta["place"]), one) for one in answer.results)
    found = {place: _measured(items[place], one, len(frame)) for place, one in placed}
    return found, _rendered(answer) if documented else ""


def _rendered(answer: Any) -> str:
    from great_expectations.render.renderer import ValidationResultsPageRenderer
    from great_expectations.render.view import DefaultJinjaPageView

    return str(DefaultJinjaPageView().render(ValidationResultsPageRenderer().render(answer)))


def _validated(items: Mapping[int, Item], frame: pd.DataFrame, parameters: Mapping[str, object], detail: str) -> Any:
    import great_expectations as gx

    built = [_built(item, place) for place, item in items.items()]
    from great_expectations.data_context.types.base import DataContextConfig, InMemoryStoreBackendDefaults

    quiet = DataContextConfig(
        # the default makes a folder for documents that nobody asks for, in every call
        store_backend_defaults=InMemoryStoreBackendDefaults(init_temp_docs_sites=False),
        progress_bars={"globally": False},
    )
    context = gx.get_context(mode="ephemeral", project_config=quiet)
    asset = context.data_sources.add_pandas("pandas").add_dataframe_asset("frame")
    batch = asset.add_batch_definition_whole_dataframe("whole").get_batch({"dataframe": frame})
    return batch.validate(
        gx.ExpectationSuite(name="gate", expectations=built),
        result_format=detail,
        expectation_parameters=dict(parameters),
    )


def _built(item: Item, place: int) -> Any:
    from great_expectations.exceptions import ExpectationNotFoundError
    from great_expectations.expectations.registry import (
        get_expectation_impl,
        list_registered_expectation_implementations,
    )

    from blocks.suites import expectations  # noqa: F401  to register ours beside Great Expectations' own

    try:
        known = get_expectation_impl(item.type)
    except ExpectationNotFoundError as error:
        near = difflib.get_close_matches(item.type, list_registered_expectation_implementations(), n=1, cutoff=0.0)
        raise Refused(f"There is no expectation {item.type!r}.", f"The nearest name is {near[0]!r}.") from error
    try:
        return known(**item.kwargs, severity=item.severity, meta={"place": place})
    except (ValueError, TypeError) as error:  # pydantic's ValidationError is a ValueError
        told = "; ".join(line.strip() for line in str(error).splitlines()[1:]) or str(error)
        raise Refused(f"{item.type} cannot take its arguments: {told}.", "Correct the suite; no gate ran.") from error


def _measured(item: Item, answer: Any, size: int) -> Measured:
    result = answer.result or {}
    if answer.success:
        return Measured(item, True)
    exception = _exception(answer.exception_info)
    if exception:
        return Measured(item, False, size, f"it could not be computed: {exception}")
    rows = result.get("unexpected_index_list")
    count = int(result.get("unexpected_count") or 0)
    why = str(result.get("why") or _why(result))
    return Measured(item, False, count, why, None if rows is None else np.asarray(rows, dtype=int))


def _exception(told: Mapping[str, Any] | None) -> str:
    """Return the message of an exception; it is told in one of two shapes."""
    if not told:
        return ""
    if told.get("raised_exception"):
        return str(told.get("exception_message"))
    inner = [one for one in told.values() if isinstance(one, Mapping) and one.get("raised_exception")]
    return str(inner[0].get("exception_message")) if inner else ""


def _why(result: Mapping[str, Any]) -> str:
    counts = result.get("partial_unexpected_counts") or []
    if counts:
        return "found " + ", ".join(f"{_value(one['value'])} ({one['count']})" for one in counts[:5])
    if result.get("partial_unexpected_list"):
        return "found " + ", ".join(_value(value) for value in result["partial_unexpected_list"][:5])
    if "observed_value" in result:
        return f"found {_value(result['observed_value'])}"
    return "found missing values" if result.get("unexpected_count") else ""


def _value(value: object) -> str:
    if isinstance(value, Iterable) and not isinstance(value, str):
        return "(" + ", ".join(_value(part) for part in value) + ")"
    return f"{value:g}" if isinstance(value, float) else str(value)
