"""Contract: does a version read only what a slate gives, and answer one probability a row?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from tasks.proving.answers import Predict, fault_of
from tasks.rollout.candidate import Gate
from tasks.rollout.verdict import Verdict

if TYPE_CHECKING:
    import pandas as pd

NAME = "contract"
TEXT, NUMBERS = ("string",), ("double", "float", "long", "integer")


def contract(columns: Mapping[str, str], slate: pd.DataFrame, predict: Predict, known: Sequence[str]) -> Gate:
    """Return whether a version's signature fits a slate, and whether it answers its rows.

    columns: `{column: type}` of the signature. slate: rows as a slate gives them. known: the columns of a slate.
    """
    strange = sorted(set(columns) - set(known))
    if strange:
        remedy = "compute it inside the model, from the columns that a slate has"
        return _no(f"its signature wants {', '.join(strange)}, which no slate has: {remedy}")
    unfit = [f"{name} as {wanted}" for name, wanted in columns.items() if not _fits(slate[name], wanted)]
    if unfit:
        return _no(f"its signature wants {', '.join(unfit)}, and a slate has it otherwise: log it with a slate's rows")
    try:
        answer = predict(slate)
    except Exception as error:  # noqa: BLE001 - a model's own code runs here and may raise anything
        return _no(f"it does not answer for rows of a slate: {error}"[:500])
    fault = fault_of(answer, len(slate))
    if fault:
        return _no(f"{fault}: its answer must be one number within [0, 1] a row")
    return Gate(NAME, Verdict.PASS, f"reads {len(columns)} columns of a slate and answers {len(slate)} rows")


def _fits(column: pd.Series, wanted: str) -> bool:
    import pandas as pd

    is_number = bool(pd.api.types.is_numeric_dtype(column))
    name = wanted.lower().removeprefix("datatype.")
    return is_number if name in NUMBERS else not is_number if name in TEXT else True


def _no(why: str) -> Gate:
    return Gate(NAME, Verdict.FAIL, why)
