"""How long a verdict will take, told before anything starts. Needs no labels."""

from __future__ import annotations

import math
from dataclasses import dataclass

from tasks.judgement.evidence import FLOOR
from tasks.judgement.rule import Rule


@dataclass(frozen=True, slots=True)
class Plan:
    """Units and nights until an equal challenger is promoted, and the margin that would fit where they exceed n_max.

    cost: how many times the units of a rule that knew the variance, None where no labels were there to tell.
    """

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
    told. Near 1 for probabilities; far below 1 for outcomes that stay well inside their range, where a narrower range
    or the absolute loss is worth having.
    """
    base = max(rule.q_bar, FLOOR) * math.log(rule.challengers / rule.beta) / math.log(20.0)
    median, p90 = (math.ceil(round(k * base / rule.margin**2, 6)) for k in (6.0, 15.0))
    first, last = (max(rule.min_nights, math.ceil(max(k, rule.min_units) / units_per_night)) for k in (median, p90))
    wider, cost = math.sqrt(15.0 * base / rule.n_max), 1.0 / dispersion if dispersion else None
    said = f"an equal challenger needs {median} units ({first} nights) in the median and {p90} ({last}) in 90 of 100"
    advice = f"a margin of {wider:.4f} would fit"
    if median > rule.n_max:
        said = f"never within n_max: {said}, and n_max is {rule.n_max}; {advice}"
    elif p90 > rule.n_max:
        said = f"{said}, and n_max is {rule.n_max}: it may end without a verdict; {advice} 90 of 100"
    if cost is not None:
        known = max(rule.min_nights, math.ceil(first / cost))
        said = f"{said}; the bound costs {cost:.1f} times the units of a known variance, {first} nights for {known}"
    return Plan(median, p90, first, last, median <= rule.n_max, wider, cost, said)
