"""The fast twin: a copy of a model in ONNX, kept only where it says the same, with the gap that was measured."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from blocks.catalogue.conversion import converted
from blocks.catalogue.edges import edge_rows
from blocks.catalogue.forest import Unconvertible
from blocks.catalogue.golden import answers
from blocks.catalogue.twin_session import PLACE, TwinSession, open_twin

if TYPE_CHECKING:
    from mlflow.models import Model
    from pandas import DataFrame

    from blocks.catalogue.native import Native

AGREEMENT = "twin/agreement.json"


@dataclass(frozen=True, slots=True)
class Agreement:
    """What became of a twin. gap: the largest difference in probability over `rows` golden and `edges` edge rows."""

    kept: bool
    why: str
    tolerance: float
    gap: float | None = None
    rows: int = 0
    edges: int = 0

    def told(self) -> str:
        """Return one line for a tag."""
        if not self.kept:
            return f"none: {self.why}"
        return f"kept: largest gap {self.gap:.1e} over {self.rows} golden and {self.edges} edge rows"

    def to_text(self) -> str:
        """Return it as JSON."""
        return json.dumps(asdict(self), sort_keys=True)


def agreement_from(folder: Path) -> Agreement | None:
    """Return what an earlier registration found, None where it left nothing."""
    try:
        return Agreement(**json.loads((folder / AGREEMENT).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


@dataclass(frozen=True, slots=True)
class Original:
    """What a twin must repeat: the golden rows, and how the model is asked."""

    rows: DataFrame | np.ndarray
    ask: Callable[[Any], object]


def add_twin(folder: Path, model: Model, native: Native | None, original: Original, tolerance: float) -> Agreement:
    """Write a twin into a model folder if a faithful one can be made, and beside it what was measured."""
    place = folder / PLACE
    place.parent.mkdir(exist_ok=True)
    found = Agreement(False, "there is no scikit-learn, LightGBM or XGBoost estimator inside", tolerance)
    if native is not None:
        found = _best(place, model, native, original, tolerance)
    if not found.kept:
        place.unlink(missing_ok=True)
    (folder / AGREEMENT).write_text(found.to_text(), encoding="utf-8")
    return found


def _best(place: Path, model: Model, native: Native, original: Original, tolerance: float) -> Agreement:
    """Try double precision, then single; leave the first twin that agrees, and return what the last try found."""
    check: Check | None = None
    found = Agreement(False, "nothing was tried", tolerance)
    for single in (False, True):
        try:
            place.write_bytes(converted(native, model, single))
            twin = open_twin(place)
        except Unconvertible as error:
            return Agreement(False, str(error), tolerance)
        except Exception as error:  # noqa: BLE001  onnxruntime refuses some graphs in double precision; single may do
            found = Agreement(False, f"onnxruntime refuses it: {str(error)[:200]}", tolerance)
            continue
        check = check or check_of(original, tolerance)
        found = check.judge(twin)
        if found.kept:
            break
    return found


@dataclass(frozen=True, slots=True)
class Check:
    """The rows that a twin is held against: golden ones and edges, with the original's answers (NaN: refused)."""

    golden: int
    rows: DataFrame | np.ndarray
    expected: np.ndarray
    tolerance: float

    def judge(self, twin: TwinSession) -> Agreement:
        """Return whether a twin says the same on every row, missing where the original refuses or has no number."""
        found = answers(lambda rows: _asked(twin, rows), self.rows)
        missing = np.isnan(self.expected)
        edges = len(self.expected) - self.golden
        measured = np.abs(found - self.expected)[~missing]
        gap = float(np.max(measured, initial=0.0))
        if not np.array_equal(missing, np.isnan(found)):
            row = int(np.flatnonzero(missing != np.isnan(found))[0])
            one, other = ("refuses", "answers") if missing[row] else ("answers", "refuses")
            why = f"the original {one} {self._named(row)}, and the twin {other} it"
            return Agreement(False, why, self.tolerance, None, self.golden, edges)
        if gap > self.tolerance:
            row = int(np.flatnonzero(~missing)[int(np.argmax(measured))])
            why = f"it differs by {gap:.1e} on {self._named(row)}; the tolerance is {self.tolerance:g}"
            return Agreement(False, why, self.tolerance, gap, self.golden, edges)
        return Agreement(True, "it says the same", self.tolerance, gap, self.golden, edges)

    def _named(self, row: int) -> str:
        return f"golden row {row}" if row < self.golden else f"edge row {row - self.golden}"


def check_of(original: Original, tolerance: float) -> Check:
    """Return the rows to hold a twin against, and what the original says to them."""
    import pandas as pd

    rows, ask = original.rows, original.ask
    if isinstance(rows, np.ndarray):
        names = [str(place) for place in range(rows.shape[-1])]
        flat: Callable[[Any], np.ndarray] = lambda frame: answers(ask, frame.to_numpy(dtype=rows.dtype))  # noqa: E731
        table = pd.DataFrame(rows.astype(float), columns=names)
        whole: DataFrame | np.ndarray = np.vstack([rows, edge_rows(table, names, flat).to_numpy(dtype=rows.dtype)])
    else:
        numeric = [str(name) for name in rows.columns if rows[name].dtype == np.float64]
        whole = pd.concat([rows, edge_rows(rows, numeric, lambda frame: answers(ask, frame))], ignore_index=True)
    return Check(len(rows), whole, answers(ask, whole), tolerance)


def _asked(twin: TwinSession, rows: DataFrame | np.ndarray) -> Any:
    if isinstance(rows, np.ndarray):
        return twin.on_matrix(rows)
    return twin.on_columns({str(name): rows[name].to_numpy() for name in rows.columns})
