"""Every statistic of one column: the current window's one sort against the ordered reference."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from tasks.drift.bins import DISCRETE_LEVELS, Counts, count_of, counts_between, few_values, heavy_atoms
from tasks.drift.chi2 import chi2_p
from tasks.drift.columns import Column
from tasks.drift.divergence import js, kl_current_reference
from tasks.drift.kolmogorov import ks_p
from tasks.drift.ks import ks_distance
from tasks.drift.missing import Missing, missing
from tasks.drift.profile import ColumnProfile
from tasks.drift.psi import psi, psi_critical, psi_p
from tasks.drift.settings import Settings
from tasks.drift.wasserstein import wasserstein

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Evidence:
    """One question asked of a column: is the effect over its threshold, and is it more than chance?"""

    name: str
    effect: float
    threshold: float
    p: float


@dataclass(frozen=True, slots=True)
class Measured:
    """The statistics of one column; what does not apply is None. `findings` are faults of the data, not drift."""

    kind: str
    missing: Missing | None = None
    ks: float | None = None
    ks_p: float | None = None
    ks_method: str | None = None
    psi: float | None = None
    psi_critical: float | None = None
    kl_current_reference: float | None = None
    js: float | None = None
    wasserstein: float | None = None
    chi2_p: float | None = None
    why: str = ""
    tests: tuple[Evidence, ...] = ()
    findings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class _Pair:
    """A column of the reference beside the same column of the window."""

    name: str
    reference: ColumnProfile
    current: Column
    settings: Settings
    known: tuple[int, int] = field(default=(0, 0))


def measure(name: str, reference: ColumnProfile, current: Column, settings: Settings) -> Measured:
    """Return all statistics of one column, or the reason why there are none."""
    pair = _Pair(name, reference, current, settings, (reference.known, current.rows - current.missing))
    shares = missing((reference.missing, reference.rows), (current.missing, current.rows), reference.design)
    why = _not_computed(pair)
    found = Measured("uncomputed", why=f"not computed: {why}") if why else _distribution(pair)
    tests = found.tests
    if shares.p is not None and min(reference.rows, current.rows) >= settings.min_rows:
        tests = (*tests, Evidence("missing share", shares.change, settings.missing_effect, shares.p))
    return replace(found, missing=shares, tests=tests, findings=_findings(pair))


def _not_computed(pair: _Pair) -> str:
    for where, side in (("reference", pair.reference), ("current window", pair.current)):
        if side.kind == "unknown":
            return f"{side.why} (in the {where})"
    for where, rows, known in (
        ("reference", pair.reference.rows, pair.known[0]),
        ("current window", pair.current.rows, pair.known[1]),
    ):
        if rows and not known:
            return f"every value is missing in the {where}"
        if known < pair.settings.min_rows:
            return f"{known} values in the {where}, at least {pair.settings.min_rows} are needed (min_rows)"
    return ""


def _findings(pair: _Pair) -> tuple[str, ...]:
    current, found = pair.current, []
    if current.unreadable:
        found.append(f"{current.unreadable} cells of a numeric column hold text ({current.example}), read as missing")
    if current.infinite:
        found.append(f"{current.infinite} infinite values, counted in the outermost bins")
    if current.rows and current.missing == current.rows and pair.reference.known:
        found.append("every value is missing")
    if current.kind == "unknown":
        found.append(current.why)
    return tuple(found)


def _distribution(pair: _Pair) -> Measured:
    if pair.reference.kind == "categorical":
        return _levels(pair, dict(pair.reference.levels or {}), _renamed(pair), "categorical")
    few = few_values(pair.current.values) if pair.reference.levels is not None else None
    if few is not None and pair.reference.levels is not None:
        current: dict[str | float, int] = {float(value): int(count) for value, count in zip(*few, strict=True)}
        if len(current.keys() | pair.reference.levels.keys()) <= DISCRETE_LEVELS:
            found = _levels(pair, dict(pair.reference.levels), current, "discrete")
            return replace(found, wasserstein=wasserstein(pair.reference.sample, pair.current.values))
    return _numeric(pair)


def _renamed(pair: _Pair) -> dict[str | float, int]:
    """Follow the reference where one side says True and False, the other 1 and 0."""
    reference, current = set(pair.reference.levels or ()), pair.current.levels
    for names in ({"0": "False", "1": "True"}, {"False": "0", "True": "1"}):
        if set(current) <= names.keys() and reference <= set(names.values()):
            return {names[str(level)]: count for level, count in current.items()}
    return current


def _levels(pair: _Pair, reference: dict[str | float, int], current: dict[str | float, int], kind: str) -> Measured:
    names = [*reference, *(level for level in current if level not in reference)]
    counts = np.array([[side.get(name, 0) for name in names] for side in (reference, current)], dtype=np.int64)
    found = _binned(pair, counts[0], counts[1])
    if len(names) == 1:
        return replace(found, kind="constant", psi_critical=None, why=f"constant: {names[0]} in both windows")
    unseen = int(counts[1][counts[0] == 0].sum())
    p = chi2_p(counts[0], counts[1], pair.reference.design)
    test = Evidence("PSI", found.psi or 0.0, pair.settings.psi_effect, 1.0 if p is None else p)
    note = f"{unseen / pair.known[1]:.1%} of the window has levels that the reference never had" if unseen else ""
    return replace(found, kind=kind, chi2_p=p, tests=(test,), why=note)


def _binned(pair: _Pair, reference: Counts, current: Counts) -> Measured:
    critical = psi_critical(len(reference), *pair.known, pair.settings.level, pair.reference.design)
    return Measured(
        "numeric",
        psi=psi(reference, current),
        psi_critical=critical,
        kl_current_reference=kl_current_reference(reference, current),
        js=js(reference, current),
    )


def _psi_threshold(pair: _Pair, bins: int) -> float:
    critical = psi_critical(bins, *pair.known, pair.settings.level, pair.reference.design)
    return max(pair.settings.psi_effect, critical or 0.0)


def _numeric(pair: _Pair) -> Measured:
    reference, current, design = pair.reference, pair.current.values, pair.reference.design
    found = _binned(pair, reference.counts, counts_between(current, reference.edges))
    distance = ks_distance(reference.sample, current)
    p, method = ks_p(distance, *pair.known, design)
    bins = len(reference.counts)
    tests = [Evidence("KS distance", distance, pair.settings.ks_effect, p)]
    if pair.settings.statistic_of(pair.name) == "psi":
        value = found.psi or 0.0
        tests = [Evidence("PSI", value, _psi_threshold(pair, bins), psi_p(value, bins, *pair.known, design))]
    chi2, more = _atoms(pair, found.psi or 0.0)
    return replace(
        found,
        ks=distance,
        ks_p=p,
        ks_method=method,
        wasserstein=wasserstein(reference.sample, current),
        chi2_p=chi2,
        tests=(*tests, *more),
    )


def _atoms(pair: _Pair, value: float) -> tuple[float | None, list[Evidence]]:
    """Test spikes as categories and what is left as continuous: ties make the KS test too quiet."""
    reference, current = pair.reference.sample, pair.current.values
    atoms = np.union1d(heavy_atoms(reference), heavy_atoms(current))
    if not atoms.size:
        return None, []
    at_atoms = [count_of(side, atoms) for side in (reference, current)]
    scale = pair.known[0] / reference.size
    counts = [np.append(at, side.size - at.sum()) for at, side in zip(at_atoms, (reference, current), strict=True)]
    p = chi2_p(np.rint(counts[0] * scale).astype(np.int64), counts[1], pair.reference.design)
    tests = [] if p is None else [Evidence("PSI with the share of single values", value, pair.settings.psi_effect, p)]
    rest = [_without(side, atoms) for side in (reference, current)]
    if min(side.size for side in rest) >= pair.settings.min_rows:
        distance = ks_distance(rest[0], rest[1])
        p_rest, _ = ks_p(distance, rest[0].size, rest[1].size, pair.reference.design)
        tests.append(Evidence("KS distance beside single values", distance, pair.settings.ks_effect, p_rest))
    return p, tests


def _without(ordered: Floats, atoms: Floats) -> Floats:
    starts = np.searchsorted(ordered, atoms, side="left")
    ends = np.searchsorted(ordered, atoms, side="right")
    edges = zip([0, *ends], [*starts, ordered.size], strict=True)
    return np.concatenate([ordered[a:b] for a, b in edges])
