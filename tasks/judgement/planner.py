"""How long a verdict will take, told before anything starts. Needs no labels."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from tasks.judgement.evidence import FLOOR
from tasks.judgement.ledger import Ledger
from tasks.judgement.paired import paired_terms
from tasks.judgement.rule import Rule


@dataclass(frozen=True, slots=True)
class Plan:
    """Units and nights until an equal challenger is promoted, and the margin that would fit where they exceed n_max."""

    median_units: int
    p90_units: int
    median_nights: int
    p90_nights: int
    fits: bool
    margin_that_fits: float
    cost: float | None
    says: str


def plan(rule: Rule, units_per_night: float = 7.5, dispersion: float | None = None) -> Plan:
    """Return the forecast for an equal challenger: 6 q_bar / margin^2 units in the median, 15 in 90 of 100.

    units_per_night: games a night; dispersion: sum d^2 / sum q on the holdout, from which the cost of the bound is
    told: how many times longer than a rule that knew the variance. Near 1 for probabilities; far below 1 for outcomes
    that stay well inside their range, where a narrower range or the absolute loss is worth having.
    """
    base = max(rule.q_bar, FLOOR) * math.log(rule.challengers / rule.beta) / math.log(20.0)
    median, p90 = (math.ceil(round(k * base / rule.margin**2, 6)) for k in (6.0, 15.0))
    wider, cost = math.sqrt(15.0 * base / rule.n_max), 1.0 / dispersion if dispersion else None
    return Plan(
        median_units=median,
        p90_units=p90,
        median_nights=max(rule.min_nights, math.ceil(max(median, rule.min_units) / units_per_night)),
        p90_nights=max(rule.min_nights, math.ceil(max(p90, rule.min_units) / units_per_night)),
        fits=median <= rule.n_max,
        margin_that_fits=wider,
        cost=cost,
        says=_says(rule, median, p90, wider, cost),
    )


def _says(rule: Rule, median: int, p90: int, wider: float, cost: float | None) -> str:
    found = f"an equal challenger needs {median} units in the median and {p90} in 90 of 100"
    advice = f"a margin of {wider:.4f} would fit"
    if median > rule.n_max:
        found = f"never within n_max: {found}, and n_max is {rule.n_max}; {advice}"
    elif p90 > rule.n_max:
        found = f"{found}, and n_max is {rule.n_max}: it may end without a verdict; {advice} 90 of 100"
    return found if cost is None else f"{found}; the bound costs {cost:.1f} times the units of a known variance"


def from_first_units(ledger: Ledger, rule: Rule, units: int = 100) -> tuple[Rule, Ledger]:
    """Return the rule with q_bar taken from the first nights of a ledger, and the ledger without those nights' looks.

    For a table that has no holdout: the nights up to and including the one that reaches `units` are a shadow.
    """
    q = paired_terms(ledger.p_old, ledger.p_new, ledger.y, rule.score, rule.clip)[1]
    seen = np.cumsum(np.bincount(ledger.night, minlength=len(ledger.nights)))
    last = int(np.searchsorted(seen, units))
    shadow = ledger.night <= last
    q_bar = math.fsum(q[shadow]) / max(1, int(shadow.sum()))
    after = set(ledger.nights[last + 1 :])
    closed = tuple(night for night in ledger.closed if night in after)
    return replace(rule, q_bar=q_bar), replace(ledger, closed=closed)
