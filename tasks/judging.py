"""Judge the evidence of a rollout and say it in the machine's words."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from blocks.errors import BackendError
from blocks.platform import Platform
from blocks.store import Store
from tasks.evidence import Evidence, evidence_text, gather, rule_of, save
from tasks.judgement.judge import Judgement, judge
from tasks.judgement.rule import Rule
from tasks.operations import standing
from tasks.records import append
from tasks.rollout.event import Event
from tasks.rollout.fold import Rollout
from tasks.rollout.look import Look
from tasks.rollout.machine import decide, decide_opening
from tasks.rollout.nights import closed_nights, frozen
from tasks.rollout.stage import Held, Reason, Stage
from tasks.rollout.verdict import Verdict
from tasks.sound_evidence import Gathered
from tasks.step import step
from tasks.traffic import poke

ERRORS_TAG = "errors.in.a.row"


def verdict_of(judgement: Judgement, evidence: Evidence, rule: Rule) -> tuple[Verdict, str]:
    """Return the verdict in force now: harm at any look ends it, and a hold outranks a pass that came before it."""
    alpha_level, _ = rule.levels
    if any(look.log_e_rollback >= alpha_level for look in judgement.looks):
        return Verdict.FAIL, judgement.reason if judgement.verdict is Verdict.FAIL else "score"
    if judgement.verdict is not Verdict.PASS:
        return judgement.verdict, judgement.reason
    last = judgement.looks[-1]
    holds = {
        Held.GUARD: judgement.guard_fired,
        Held.LABELS_LATE: bool(evidence.ledger.overdue),
        Held.COVERAGE: last.coverage < rule.min_coverage,
    }
    held = [reason for reason, is_so in holds.items() if is_so]
    return (Verdict.HOLD, held[0].value) if held else (Verdict.PASS, judgement.reason)


def look_at(rollout: Rollout, evidence: Evidence, judged: tuple[Judgement, Rule], now: datetime, stopped: str) -> Look:
    """Return the look of a judged rollout, without its evidence's digest; `stopped`: why no step up may be taken."""
    judgement, rule = judged
    verdict, reason = verdict_of(judgement, evidence, rule)
    last = judgement.looks[-1] if judgement.looks else None
    baking = rollout.stage is Stage.BAKING
    return Look(
        verdict=verdict,
        why=why(verdict, reason, judgement, rule),
        rung=judgement.rung,
        closed=closed_nights(evidence.nights),
        hold=Held(reason) if verdict is Verdict.HOLD else None,
        harm=Reason.FAILED,
        last=last is not None and last.n >= rule.n_max,
        frozen=stopped or frozen(rollout.plan.policy.freeze, evidence.nights, now),
        restated=baking and last is not None and last.log_e_promote < 0,
        figures=figures(judgement),
    )


def figures(judgement: Judgement) -> dict[str, object]:
    """Return the few numbers that go into events and notices."""
    if not judgement.looks:
        return {"n": 0}
    last = judgement.looks[-1]
    mean = last.S / last.n if last.n else 0.0
    shown = {"mean_difference": mean, "log_e_promote": last.log_e_promote, "log_e_rollback": last.log_e_rollback}
    return {"n": last.n, **{name: round(value, 4) for name, value in shown.items()}}


def why(verdict: Verdict, reason: str, judgement: Judgement, rule: Rule) -> str:
    """Return one sentence for people: what was found, against which boundary."""
    if not judgement.looks:
        return {"labels_late": "results are overdue"}.get(reason, "no night has closed yet")
    last = judgement.looks[-1]
    alpha_level, beta_level = rule.levels
    seen = f"{last.n} games, mean loss difference {last.S / max(last.n, 1):+.4f}"
    texts = {
        Verdict.FAIL: f"evidence of harm ({reason}) crossed its boundary {alpha_level:.2f}: {seen}",
        Verdict.PASS: f"proof of no harm beyond {rule.margin} crossed its boundary {beta_level:.2f}: {seen}",
        Verdict.INCONCLUSIVE: f"no proof within {rule.n_max} games ({reason}): {seen}",
        Verdict.WAIT: f"the evidence has reached {judgement.best:.2f} of {beta_level:.2f}: {seen}",
        Verdict.HOLD: {
            "guard": f"forecasts differ from the champion's far more than on the holdout (log G {last.guard:.1f})",
            "labels_late": "results are overdue",
            "coverage": f"the challenger itself answered {last.coverage:.0%} of the games",
        }.get(reason, reason),
    }
    return texts[verdict]


def take_look(platform: Platform, rollout: Rollout, gathered: Gathered, now: datetime) -> Look:
    """Return the look of a serving rollout; what could not be measured is ERROR, counted over ticks in a row."""
    known = rollout.events[-1].evidence if rollout.events else None
    rule = rule_of(rollout.plan)
    evidence = gathered.evidence
    if evidence is None:
        return _not_measured(platform, rollout, gathered.problem)
    try:
        judgement = _judged(rollout, evidence, rule)
        stopped = standing(platform.registry, rollout.plan.model).stops_a_step(now)
        look = look_at(rollout, evidence, (judgement, rule), now, stopped)
        sha = save(platform.registry, rollout, evidence_text(rollout, evidence, rule, judgement), known)
    except BackendError as error:
        return _not_measured(platform, rollout, str(error))
    _measure(platform, rollout, judgement)
    return replace(look, evidence=sha)


def _not_measured(platform: Platform, rollout: Rollout, why_not: str) -> Look:
    log = platform.registry.log
    before = int(log.read(rollout.run_id).tags.get(ERRORS_TAG, "0"))
    log.tag(rollout.run_id, {ERRORS_TAG: str(before + 1)})
    return Look(Verdict.ERROR, why_not, errors=before + 1)


def _measure(platform: Platform, rollout: Rollout, judgement: Judgement) -> None:
    """Keep the figures of the newest look as metrics, with the look's number as step, and end a row of errors."""
    log = platform.registry.log
    if judgement.looks:
        last = judgement.looks[-1]
        shown = ("n", "S", "Q", "log_e_promote", "log_e_rollback", "guard", "lower", "upper", "rung", "coverage")
        log.measure(rollout.run_id, {name: float(getattr(last, name)) for name in shown}, len(judgement.looks))
    if log.read(rollout.run_id).tags.get(ERRORS_TAG, "0") != "0":
        log.tag(rollout.run_id, {ERRORS_TAG: "0"})


def peek(store: Store, rollout: Rollout, now: datetime) -> Look:
    """Return the look that a tick would take now, and leave no trace of it."""
    evidence, rule = gather(store, rollout, now), rule_of(rollout.plan)
    return look_at(rollout, evidence, (_judged(rollout, evidence, rule), rule), now, "")


def _judged(rollout: Rollout, evidence: Evidence, rule: Rule) -> Judgement:
    return judge(evidence.ledger, rule, resumed=tuple(filter(None, [rollout.resumed_night])))


@step("look at the evidence", retries=0)
def look(platform: Platform, rollout: Rollout | None, gathered: Gathered | None, now: datetime) -> Look | None:
    """Judge and keep the evidence of a serving rollout; None where there is nothing to compare."""
    if rollout is None or gathered is None:
        return None
    return take_look(platform, rollout, gathered, now)


@step("decide and append at most one event")
def move(
    platform: Platform, rollout: Rollout | None, seen: Look | None, now: datetime, by: str
) -> tuple[Rollout | None, Event | None]:
    """Append the event that the look calls for; a model's first rollout needs no look and runs to its end."""
    event = None
    while rollout is not None and rollout.live:
        draft = decide_opening(rollout) or (decide(rollout, seen, now) if seen else None)
        if draft is None:
            break
        rollout, event = append(platform.registry, rollout, draft, now, by)
        poke(platform)
        if not rollout.plan.first:
            break
    return rollout, event
