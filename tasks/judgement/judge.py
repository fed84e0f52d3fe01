"""The verdict of one look, after every closed night: the first true line of the table wins, and a fired one stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasks.judgement.evidence import anytime_bounds, log_e_promote, log_e_rollback, log_mean_exp, prior, rungs
from tasks.judgement.ledger import Ledger
from tasks.judgement.mixture import Array
from tasks.judgement.path import Path, path_of
from tasks.judgement.rule import Rule
from tasks.rollout.refusal import BadInput
from tasks.rollout.verdict import Verdict

Marks = NDArray[Any]
WEIGHTS = {"score": 0.8, "errors": 0.1, "slow": 0.1}


@dataclass(frozen=True, slots=True)
class Operations:
    """Operational log e by night, per declared stream (errors, slow): harm, and below a limit where one is declared.

    A night without a value keeps the value before it; nights after the last look count towards FAIL alone.
    """

    harm: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    below_limit: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse a stream without a weight."""
        for name in {*self.harm, *self.below_limit} - {"errors", "slow"}:
            raise BadInput("operations", f"there is no stream {name!r}; declare errors or slow")


@dataclass(frozen=True, slots=True)
class Look:
    """One closed night. The log e's are those that meet the boundaries: harm of all streams, the least of safety.

    share: percent in force during the night; guard: log G; rung: steps earned so far, not capped at one a night.
    """

    night: str
    n: int
    S: float
    Q: float
    log_e_promote: float
    log_e_rollback: float
    share: int
    guard: float
    lower: float
    upper: float
    rung: int
    answered: int
    coverage: float
    dispersion: float


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict, its reason in a word, and every look.

    night: place (from 1) of the look that decided, or None. best: running max of the promotion evidence by then.
    guard_fired: whether the guard's latch is on at the last look. rule: the rule's digest.
    """

    verdict: Verdict
    reason: str
    looks: tuple[Look, ...]
    night: int | None
    best: float
    guard_fired: bool
    rule: str

    @property
    def look(self) -> Look | None:
        """Return the look that decided, else the last one, or None before the first."""
        return self.looks[(self.night or len(self.looks)) - 1] if self.looks else None

    @property
    def rung(self) -> int:
        """Return the rung earned by the look that decided, else by the last."""
        return self.look.rung if self.look else 0


def judge(ledger: Ledger, rule: Rule, operations: Operations | None = None, resumed: Sequence[str] = ()) -> Judgement:
    """Return the judgement of a ledger under a rule; any order of its rows gives the same, byte for byte.

    resumed: nights after whose look a person lifted the guard's latch; the guard counts afresh from the next night.
    """
    streams, path = operations or Operations(), path_of(ledger, rule, resumed)
    terms = _harm_terms(path, streams)
    harm = log_mean_exp(np.stack(list(terms.values())), [WEIGHTS[name] for name in terms])
    safety = [log_e_promote(path.n, path.S, path.Q, rule.margin, rule.q_bar)]
    safe = np.min(safety + [_carried(log_e, path.nights) for log_e in streams.below_limit.values()], axis=0)
    best, held = np.maximum.accumulate(np.maximum(safe, 0.0)), _held(path, rule, ledger)
    verdict, why, at = _verdict(path, (harm >= rule.levels[0], best >= rule.levels[1], held), rule, ledger)
    if verdict is Verdict.FAIL and at is not None:
        why = max(terms, key=lambda name: np.log(WEIGHTS[name]) + terms[name][at])
        at = min(at, len(path.nights) - 1)
    rung = rungs(best, len(rule.ladder), rule.levels[1])
    share = _shares(np.where(held != "", 0, rung), rule.ladder, at, verdict)
    night, latched = None if at is None or at < 0 else at + 1, bool(path.latched[-1:].any())
    reached = float(best[-1 if at is None else at]) if path.nights else 0.0
    looks = _looks(path, (safe, harm[:-1]), rule, (rung, share))
    return Judgement(verdict, why, looks, night, reached, latched, rule.digest)


def _harm_terms(path: Path, streams: Operations) -> dict[str, Array]:
    """Return every harm stream after each look, and once more as it stands now: operations do not wait for a night."""
    score = log_e_rollback(path.S, path.Q)
    now = (*path.nights, max([*path.nights, "", *(night for log_e in streams.harm.values() for night in log_e)]))
    terms = {"score": np.append(score, score[-1:].sum())}
    return terms | {name: _carried(log_e, now) for name, log_e in streams.harm.items()}


def _carried(log_e: Mapping[str, float], nights: Sequence[str]) -> Array:
    """Return a stream's log e at every look: the latest known by that night, 0 before the first."""
    known = sorted(log_e)
    return np.array([0.0, *(log_e[night] for night in known)])[np.searchsorted(np.array(known, "U"), nights, "right")]


def _held(path: Path, rule: Rule, ledger: Ledger) -> NDArray[np.object_]:
    """Return why each look may not step up, or an empty text."""
    reasons = np.where(path.answered / path.n < rule.min_coverage, "coverage", "").astype(object)
    if rule.holds:
        reasons[-1:] = "labels_late" if ledger.overdue else reasons[-1:]
        reasons[path.latched] = "guard"
    return reasons


def _verdict(
    path: Path, seen: tuple[Marks, Marks, Marks], rule: Rule, ledger: Ledger
) -> tuple[Verdict, str, int | None]:
    """Return the first verdict that ends a rollout, why, and at which look; else what the last look says."""
    (fail, crossed, held), looks = seen, len(path.nights)
    out = path.n >= rule.n_max
    out[-1:] |= ledger.ended
    short = (path.answered < rule.min_units) | (np.arange(1, looks + 1) < rule.min_nights)
    ends = np.append(fail[:-1] | (out & ~crossed) | (crossed & (held == "") & ~short), fail[-1])
    at = int(np.argmax(ends))
    if fail[at]:
        return Verdict.FAIL, "", at
    if ends.any():
        over = "n_max" if path.n[at] >= rule.n_max else "season_ended"
        return (Verdict.PASS, "evidence", at) if crossed[at] else (Verdict.INCONCLUSIVE, over, at)
    if not looks:
        late = ledger.overdue and rule.holds
        return (Verdict.HOLD, "labels_late", None) if late else (Verdict.WAIT, "no_looks", None)
    why = str(held[-1]) or ("minimums" if crossed[-1] else "evidence")
    if rule.holds:
        return Verdict.HOLD if held[-1] else Verdict.WAIT, why, None
    return Verdict.INCONCLUSIVE if path.n[-1] >= rule.n_max else Verdict.WAIT, why, None


def _shares(rung: NDArray[np.int_], ladder: Sequence[int], at: int | None, verdict: Verdict) -> NDArray[np.int_]:
    """Return the percent in force during each night, set by the looks before it."""
    if not ladder:
        return np.zeros(len(rung), dtype=int)
    earned = np.maximum.accumulate(np.append(0, rung))[: len(rung)]
    share = np.array(ladder)[np.minimum(earned, len(ladder) - 1)]
    if at is not None:
        share[at + 1 :] = 100 if verdict is Verdict.PASS else 0
    return share


def _looks(path: Path, log_e: tuple[Array, Array], rule: Rule, steps: tuple[Marks, Marks]) -> tuple[Look, ...]:
    lower, upper = anytime_bounds(path.n, path.S, path.Q, rule.levels, prior(rule.margin, rule.q_bar))
    dispersion = np.divide(path.squares, path.Q, out=np.zeros_like(path.Q), where=path.Q > 0)
    n, answered = path.n.astype(int), path.answered.astype(int)
    columns = (n, path.S, path.Q, *log_e, steps[1], path.guard, lower, upper, steps[0], answered)
    return tuple(
        map(Look, path.nights, *(column.tolist() for column in (*columns, path.answered / path.n, dispersion)))
    )


def winner(judgements: Mapping[str, Judgement]) -> str | None:
    """Return the passed challenger with the smallest upper bound of the loss difference, ties by name, else None.

    Each is judged against the champion under a rule whose `challengers` counts them all.
    """
    passed = {name: one.look.upper for name, one in judgements.items() if one.verdict is Verdict.PASS and one.look}
    return min(sorted(passed), key=passed.__getitem__, default=None)
