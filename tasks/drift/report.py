"""The drift report: every column of a window against the reference profile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tasks.drift.columns import read
from tasks.drift.correction import adjusted
from tasks.drift.missing import Missing
from tasks.drift.profile import ColumnProfile, Profile
from tasks.drift.settings import Settings
from tasks.drift.statistics import Evidence, Measured, measure
from tasks.drift.threads import on_all_cores
from tasks.rollout.refusal import BadInput

if TYPE_CHECKING:
    import pandas as pd

STATISTICS = ("ks", "ks_p", "ks_method", "psi", "psi_critical", "kl_current_reference", "js", "wasserstein", "chi2_p")


@dataclass(frozen=True, slots=True)
class ColumnReport:
    """What one column showed, whether it drifted, and why in one sentence."""

    name: str
    measured: Measured
    drift: bool
    why: str

    @property
    def kind(self) -> str:
        """Return numeric, discrete, categorical, constant or uncomputed."""
        return self.measured.kind

    def to_dict(self) -> dict[str, object]:
        """Return the column as `drift --json` prints it."""
        out: dict[str, object] = {"kind": self.kind}
        out |= {name: getattr(self.measured, name) for name in STATISTICS}
        shares = self.measured.missing
        missing = {
            "reference": shares.reference if shares else None,
            "current": shares.current if shares else None,
            "p": shares.p if shares else None,
        }
        return out | {"missing": missing, "drift": self.drift, "why": self.why}


@dataclass(frozen=True, slots=True)
class Finding:
    """A fault of the data in one column: infinities, text among numbers, a column gone or new."""

    column: str
    message: str


@dataclass(frozen=True, slots=True)
class Report:
    """Every column, the ones that drifted, and the faults of the data."""

    rows_reference: int
    rows_current: int
    columns: Mapping[str, ColumnReport]
    findings: tuple[Finding, ...]

    @property
    def drifted(self) -> tuple[str, ...]:
        """Return the columns that drifted, in the reference's order."""
        return tuple(name for name, column in self.columns.items() if column.drift)

    @property
    def examined(self) -> tuple[str, ...]:
        """Return the columns that this report can speak of, computed or drifted; others are neither good nor bad."""
        return tuple(name for name, column in self.columns.items() if column.drift or column.kind != "uncomputed")

    def to_dict(self) -> dict[str, object]:
        """Return the report as `drift --json` prints it."""
        return {
            "rows": {"reference": self.rows_reference, "current": self.rows_current},
            "columns": {name: column.to_dict() for name, column in self.columns.items()},
            "drifted": list(self.drifted),
        }


def compare(reference_profile: Profile, current_frame: pd.DataFrame, settings: Settings | None = None) -> Report:
    """Return the drift report of a window against a reference profile.

    Columns run on all cores, each with one sort. A column drifts when an effect is over its threshold and its p-value,
    corrected over all tests of the report (Benjamini-Hochberg), is below fdr / looks.

    >>> import numpy as np, pandas as pd
    >>> from tasks.drift.profile import profile
    >>> reference = profile(pd.DataFrame({"elo": np.arange(200.0), "neutral": [0.0] * 199 + [1.0]}))
    >>> compare(reference, pd.DataFrame({"elo": np.arange(0.5, 200, 2), "neutral": [1.0] * 100})).drifted
    ('neutral',)
    """
    chosen = settings or Settings()
    places = {str(name): place for place, name in enumerate(current_frame.columns)}
    if len(places) != len(current_frame.columns):
        raise BadInput("current", "the table has two columns of one name; rename one")
    names = [*reference_profile.columns, *(name for name in places if name not in reference_profile.columns)]

    def look(name: str) -> Measured:
        known = reference_profile.columns.get(name)
        if known is None:
            return _only_current(current_frame.iloc[:, places[name]])
        if name not in places:
            return _only_reference(known, len(current_frame), chosen)
        return measure(name, known, read(current_frame.iloc[:, places[name]], known.kind), chosen)

    measured = on_all_cores(look, names, current_frame.size, chosen.threads)
    columns = _decided(dict(zip(names, measured, strict=True)), chosen)
    findings = tuple(Finding(name, text) for name in names for text in columns[name].measured.findings)
    return Report(reference_profile.rows, len(current_frame), columns, findings)


def _only_current(series: pd.Series) -> Measured:
    share = float(series.isna().mean()) if len(series) else 0.0
    note = "the column is not in the reference"
    return Measured("uncomputed", Missing(None, share, None), why=f"not computed: {note}", findings=(note,))


def _only_reference(known: ColumnProfile, rows: int, settings: Settings) -> Measured:
    """A column that has gone is missing in every row."""
    from tasks.drift.columns import Column

    gone = measure("", known, Column(known.kind, rows, rows), settings)
    note = "the column is not in the current window"
    return Measured("uncomputed", gone.missing, why=f"not computed: {note}", tests=gone.tests[-1:], findings=(note,))


def _decided(measured: Mapping[str, Measured], settings: Settings) -> dict[str, ColumnReport]:
    every = [(name, test) for name, found in measured.items() for test in found.tests]
    corrected = adjusted([test.p for _, test in every])
    columns = {}
    for name, found in measured.items():
        pairs = [(test, p) for (owner, test), p in zip(every, corrected, strict=True) if owner == name]
        moved = [(test, p) for test, p in pairs if test.effect >= test.threshold and p <= settings.level]
        columns[name] = ColumnReport(name, found, bool(moved), _why(found, pairs, moved))
    return columns


def _why(found: Measured, pairs: list[tuple[Evidence, float]], moved: list[tuple[Evidence, float]]) -> str:
    said = [_told(test, p) for test, p in moved]
    if not said and found.kind not in ("uncomputed", "constant"):
        said = [f"no drift: {_told(test, p)}" for test, p in pairs[:1]]
    return "; ".join([*said, *([found.why] if found.why else []), *found.findings])


def _told(test: Evidence, p: float) -> str:
    side = "at or over" if test.effect >= test.threshold else "under"
    return f"{test.name} {test.effect:.3g} {side} {test.threshold:.3g}, corrected p {p:.2g}"
