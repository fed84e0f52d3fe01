"""The verdict of one look, after every closed night: the first true line of the table wins, and a fired one stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tasks.judgement.evidence import anytime_bounds, log_e_promote, log_e_rollback, log_mean_exp, prior, rungs
from tasks.judgement.ledger import Ledger
from tasks.judgement.mixture import Array
from tasks.judgement.path import Path, path_of
from tasks.judgement.rule import Rule
from tasks.rollout.refusal import BadInput
from tasks.rollout.verdict import Verdict

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


@dataclass(frozen=True, slots=True)
class _Evidence:
    """The evidence after each look: every harm stream, their average, the least safety and its running maximum."""

    terms: dict[str, Array]
    harm: Array
    safe: Array
    best: Array


def judge(ledger: Ledger, rule: Rule, operations: Operations | None = None, resumed: Sequence[str] = ()) -> Judgement:
    """Return the judgement of a ledger under a rule; any order of its rows gives the same, byte for byte.

    resumed: nights after whose look a person lifted the guard's latch; the guard counts afresh from the next night.
    """
    streams = operations or Operations()
    path = path_of(ledger, rule, resumed)
    seen = _evidence(path, rule, streams)
    held = _held(path, rule, ledger)
    verdict, reason, at = _verdict(path, seen, held, rule, ledger)
    if at is None:
        verdict, reason, at = _harm_since(seen, streams, rule) or (verdict, reason, None)
    rung = rungs(seen.best, len(rule.ladder), rule.levels[1])
    share = _shares(np.where(held != "", 0, rung), rule.ladder, at, verdict)
    night = None if at is None or at < 0 else at + 1
    best = float(seen.best[-1 if at is None else at]) if path.nights else 0.0
    latched = bool(path.latched[-1:].any())
    return Judgement(verdict, reason, _looks(path, seen, rule, rung, share), night, best, latched, rule.digest)


def _evidence(path: Path, rule: Rule, streams: Operations) -> _Evidence:
    terms = {"score": log_e_rollback(path.S, path.Q)}
    terms |= {name: _carried(log_e, path.nights) for name, log_e in streams.harm.items()}
    safety = [log_e_promote(path.n, path.S, path.Q, rule.margin, rule.q_bar)]
    safety += [_carried(log_e, path.nights) for log_e in streams.below_limit.values()]
    safe = np.min(safety, axis=0)
    return _Evidence(terms, _average(terms), safe, np.maximum.accumulate(np.maximum(safe, 0.0)))


def _carried(log_e: Mapping[str, float], nights: Sequence[str]) -> Array:
    """Return a stream's log e at every look: the latest known by that night, 0 before the first."""
    known = sorted(log_e)
    values = np.array([0.0, *(log_e[night] for night in known)])
    return values[np.searchsorted(known, nights, side="right")] if known else np.zeros(len(nights))


def _average(terms: Mapping[str, Array]) -> Array:
    """Return the log of the weighted mean of the declared streams: one boundary for any of them, no correction."""
    return log_mean_exp(np.stack(list(terms.values())), [WEIGHTS[name] for name in terms])


def _largest(terms: Mapping[str, float]) -> str:
    return max(terms, key=lambda name: np.log(WEIGHTS[name]) + terms[name])


def _held(path: Path, rule: Rule, ledger: Ledger) -> NDArray[np.object_]:
    """Return why each look may not step up, or an empty text."""
    reasons = np.where(path.answered / path.n < rule.min_coverage, "coverage", "").astype(object)
    if rule.holds:
        if ledger.overdue:
            reasons[-1:] = "labels_late"
        reasons[path.latched] = "guard"
    return reasons


def _verdict(
    path: Path, seen: _Evidence, held: NDArray[np.object_], rule: Rule, ledger: Ledger
) -> tuple[Verdict, str, int | None]:
    """Return the first verdict that ends a rollout, why, and at which look; else what the last look says."""
    if not path.nights:
        late = ledger.overdue and rule.holds
        return (Verdict.HOLD, "labels_late", None) if late else (Verdict.WAIT, "no_looks", None)
    fail_at, pass_at = rule.levels
    crossed, out = seen.best >= pass_at, path.n >= rule.n_max
    out[-1] |= ledger.ended
    short = (path.answered < rule.min_units) | (np.arange(1, len(out) + 1) < rule.min_nights)
    fail, inconclusive, passed = seen.harm >= fail_at, out & ~crossed, crossed & (held == "") & ~short
    ends = fail | inconclusive | passed
    if not ends.any():
        why = str(held[-1]) or ("minimums" if crossed[-1] else "evidence")
        if rule.holds:
            return Verdict.HOLD if held[-1] else Verdict.WAIT, why, None
        return Verdict.INCONCLUSIVE if path.n[-1] >= rule.n_max else Verdict.WAIT, why, None
    at = int(np.argmax(ends))
    if fail[at]:
        return Verdict.FAIL, _largest({name: float(term[at]) for name, term in seen.terms.items()}), at
    if inconclusive[at]:
        return Verdict.INCONCLUSIVE, "n_max" if path.n[at] >= rule.n_max else "season_ended", at
    return Verdict.PASS, "evidence", at


def _harm_since(seen: _Evidence, streams: Operations, rule: Rule) -> tuple[Verdict, str, int] | None:
    """Return FAIL where operations crossed the boundary after the last look; it does not wait for the next."""
    latest = {name: log_e[max(log_e)] for name, log_e in streams.harm.items() if log_e}
    terms = dict.fromkeys(seen.terms, 0.0) | latest | {"score": float(seen.terms["score"][-1:].sum())}
    harm = float(_average({name: np.array(term) for name, term in terms.items()}))
    return (Verdict.FAIL, _largest(terms), len(seen.harm) - 1) if harm >= rule.levels[0] else None


def _shares(rung: NDArray[np.int_], ladder: Sequence[int], at: int | None, verdict: Verdict) -> NDArray[np.int_]:
    """Return the percent in force during each night, set by the looks before it."""
    if not ladder:
        return np.zeros(len(rung), dtype=int)
    earned = np.maximum.accumulate(np.append(0, rung))[: len(rung)]
    share = np.array(ladder)[np.minimum(earned, len(ladder) - 1)]
    if at is not None:
        share[at + 1 :] = 100 if verdict is Verdict.PASS else 0
    return share


def _looks(
    path: Path, seen: _Evidence, rule: Rule, rung: NDArray[np.int_], share: NDArray[np.int_]
) -> tuple[Look, ...]:
    lower, upper = anytime_bounds(path.n, path.S, path.Q, rule.levels, prior(rule.margin, rule.q_bar))
    dispersion = np.divide(path.squares, path.Q, out=np.zeros_like(path.Q), where=path.Q > 0)
    n, answered = path.n.astype(int), path.answered.astype(int)
    columns = (n, path.S, path.Q, seen.safe, seen.harm, share, path.guard, lower, upper, rung, answered)
    ratios = (path.answered / path.n, dispersion)
    return tuple(map(Look, path.nights, *(column.tolist() for column in columns + ratios)))


def winner(judgements: Mapping[str, Judgement]) -> str | None:
    """Return the passed challenger with the smallest upper bound of the loss difference, ties by name, else None.

    Each is judged against the champion under a rule whose `challengers` counts them all.
    """
    passed = {name: one.look.upper for name, one in judgements.items() if one.verdict is Verdict.PASS and one.look}
    return min(sorted(passed), key=passed.__getitem__, default=None)
