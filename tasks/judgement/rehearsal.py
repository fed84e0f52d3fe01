"""A rollout that never happened: what a rule would have decided on nights gone by, and what other rules would have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tasks.judgement.judge import Judgement, judge
from tasks.judgement.ledger import Ledger
from tasks.judgement.mixture import Array
from tasks.judgement.path import path_of
from tasks.judgement.rivals import RIVALS, Call, mann_whitney
from tasks.judgement.rule import Rule


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """The judgement, the units the challenger would have served until it (expected), and the calls of other rules."""

    judgement: Judgement
    served: float
    rivals: Mapping[str, Call]


def rehearse(ledger: Ledger, rule: Rule) -> Rehearsal:
    """Return what would have become of a challenger, had it been rolled out over the closed nights of a ledger."""
    judgement, path = judge(ledger, rule), path_of(ledger, rule)
    until = judgement.looks[: judgement.night]
    units = np.diff([0, *(look.n for look in until)])
    rivals = {name: rival(path, rule) for name, rival in RIVALS.items()}
    rivals["Mann-Whitney"] = mann_whitney(path, rule, _losses(ledger, rule))
    return Rehearsal(judgement, float(units @ np.array([look.share / 100 for look in until], dtype=float)), rivals)


def _losses(ledger: Ledger, rule: Rule) -> tuple[Array, Array]:
    """Return the losses of champion and challenger over the closed nights, in their order."""
    order = np.argsort(ledger.night, kind="stable")
    closed = np.isin(ledger.nights, ledger.closed)[ledger.night[order]]
    y = ledger.y[order][closed]
    old, new = (_loss(p[order][closed], y, rule) for p in (ledger.p_old, ledger.p_new))
    return old, new


def _loss(p: Array, y: Array, rule: Rule) -> Array:
    if rule.score == "log":
        inside = np.clip(p, rule.clip, 1.0 - rule.clip)
        return -np.log(np.where(y == 1, inside, 1.0 - inside))
    if p.ndim == 2:
        miss: Array = np.square(p - np.eye(p.shape[1])[y.astype(int)]).sum(axis=1)
        return miss
    return np.abs(p - y) if rule.score == "absolute" else np.square(p - y)
