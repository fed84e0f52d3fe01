"""Judge the evidence of a rollout and say it in the machine's words."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from blocks.errors import BackendError
from blocks.platform import Platform
from blocks.store import Store
from tasks.breakers import open_breakers, turned_away
from tasks.evidence import Evidence, Judged, evidence_text, gather_all, rule_of, save
from tasks.judgement.judge import Judgement, judge
from tasks.judgement.ledger import Ledger
from tasks.judgement.rule import Rule
from tasks.operations import standing
from tasks.records import append
from tasks.rollout.canonical import canonical, digest
from tasks.rollout.contest import combined
from tasks.rollout.event import Event
from tasks.rollout.fold import Rollout
from tasks.rollout.look import Curve, Look
from tasks.rollout.machine import decide, decide_opening
from tasks.rollout.nights import closed_nights, frozen
from tasks.rollout.stage import EventType, Held, Reason
from tasks.rollout.verdict import Verdict
from tasks.shadow_report import report_of
from tasks.sound_evidence import Gathered
from tasks.step import step
from tasks.streams import Stream, operations_of
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


def look_at(rollout: Rollout, version: str, judged: Judged, now: datetime, stopped: str) -> Look:
    """Return the look of one challenger, without its evidence's digest; `stopped`: why no step up may be taken."""
    evidence, rule, judgement = judged.evidence, judged.rule, judged.judgement
    verdict, reason = verdict_of(judgement, evidence, rule)
    last = judgement.looks[-1] if judgement.looks else None
    labels = labels_of(evidence.ledger, rollout.decided)
    stood = [look for look in judgement.looks if rollout.decided is None or look.night <= rollout.decided]
    return Look(
        verdict=verdict,
        why=why(verdict, reason, judgement, rule, evidence.streams),
        rung=judgement.rung,
        closed=closed_nights(evidence.nights),
        hold=Held(reason) if verdict is Verdict.HOLD else None,
        harm=Reason.FAILED,
        last=last is not None and last.n >= rule.n_max,
        frozen=stopped or frozen(rollout.plan.policy.freeze, evidence.nights, now),
        restated=bool(rollout.labels) and labels != rollout.labels and bool(stood) and stood[-1].log_e_promote < 0,
        figures=figures(judgement) | {"labels": labels_of(evidence.ledger, None)},
        labels=labels,
        upper=last.upper if last is not None else math.inf,
        curves=(curve_of(version, judgement),),
    )


def curve_of(version: str, judgement: Judgement) -> Curve:
    """Return the evidence of a judgement after every look."""
    looks = judgement.looks
    paths = (tuple(round(getattr(look, name), 4) for look in looks) for name in ("log_e_promote", "log_e_rollback"))
    return Curve(version, tuple(look.n for look in looks), *paths)


def labels_of(ledger: Ledger, until: str | None) -> str:
    """Return a short digest of the labels of the closed nights up to one; of all of them where none is named."""
    dates = [ledger.nights[place] for place in ledger.night]
    rows = zip(dates, ledger.unit.tolist(), ledger.y.tolist(), strict=True)
    closed = {night for night in ledger.closed if until is None or night <= until}
    return digest(canonical({"labels": [[night, unit, y] for night, unit, y in rows if night in closed]}))[:12]


def figures(judgement: Judgement) -> dict[str, object]:
    """Return the few numbers that go into events and notices."""
    if not judgement.looks:
        return {"n": 0}
    last = judgement.looks[-1]
    mean = last.S / last.n if last.n else 0.0
    shown = {"mean_difference": mean, "log_e_promote": last.log_e_promote, "log_e_rollback": last.log_e_rollback}
    return {"n": last.n, **{name: round(value, 4) for name, value in shown.items()}}


def why(verdict: Verdict, reason: str, judgement: Judgement, rule: Rule, streams: Mapping[str, Stream]) -> str:
    """Return one sentence for people: what was found, against which boundary."""
    alpha_level, beta_level = rule.levels
    if verdict is Verdict.FAIL and reason in streams:
        return f"evidence of harm ({reason}) crossed its boundary {alpha_level:.2f}: {streams[reason].told()}"
    if not judgement.looks:
        return {"labels_late": "results are overdue"}.get(reason, "no night has closed yet")
    last = judgement.looks[-1]
    seen = "; ".join(
        [
            f"{last.n} games, mean loss difference {last.S / max(last.n, 1):+.4f}",
            *(f"{name}: {one.told()}" for name, one in streams.items()),
        ]
    )
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
    if gathered.evidence is None:
        return _not_measured(platform, rollout, gathered.problem)
    try:
        judged = judge_all(rollout, gathered.evidence)
        stopped = standing(platform.registry, rollout.plan.model).stops_a_step(now)
        seen = combined_look(rollout, judged, now, stopped)
        open_ones = open_breakers(platform, rollout)
        look = replace(turned_away(rollout, seen, open_ones), report=report_of(platform.store, rollout, judged))
        sha = save(platform.registry, rollout, evidence_text(rollout, judged, open_ones), known)
    except BackendError as error:
        return _not_measured(platform, rollout, str(error))
    _measure(platform, rollout, judged[rollout.challenger].judgement)
    return replace(look, evidence=sha)


def look_back(platform: Platform, rollout: Rollout, gathered: Gathered, now: datetime) -> Look | None:
    """Return the look of an ended rollout whose labels were corrected since its last verdict, else None."""
    if gathered.evidence is None:
        return None
    if labels_of(gathered.evidence[rollout.challenger].ledger, rollout.decided) == rollout.labels:
        return None
    judged = judge_all(rollout, gathered.evidence)
    sha = save(platform.registry, rollout, evidence_text(rollout, judged), None)
    return replace(combined_look(rollout, judged, now, ""), evidence=sha)


def _not_measured(platform: Platform, rollout: Rollout, why_not: str) -> Look:
    log = platform.registry.log
    before = int(log.read(rollout.run_id).tags.get(ERRORS_TAG, "0"))
    log.tag(rollout.run_id, {ERRORS_TAG: str(before + 1)})
    return Look(Verdict.ERROR, why_not, errors=before + 1)


def judge_all(rollout: Rollout, gathered: Mapping[str, Evidence]) -> dict[str, Judged]:
    """Return every standing challenger judged against the champion, by version, in the order of the arms."""
    found = {}
    for version, evidence in gathered.items():
        rule = rule_of(rollout.plan, version)
        resumed = tuple(filter(None, [rollout.resumed_night]))
        found[version] = Judged(evidence, rule, judge(evidence.ledger, rule, operations_of(evidence.streams), resumed))
    return found


def combined_look(rollout: Rollout, judged: Mapping[str, Judged], now: datetime, stopped: str) -> Look:
    """Return the one look of all challengers; of a test between several, its figures name every arm's."""
    looks = {version: look_at(rollout, version, one, now, stopped) for version, one in judged.items()}
    seen = combined(looks)
    if not rollout.plan.rivals:
        return seen
    arms = {version: {"verdict": look.verdict.value} | _shown(look.figures) for version, look in looks.items()}
    return replace(seen, figures=seen.figures | {"arms": arms})


def _shown(figures: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in figures.items() if name != "labels"}


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
    return combined_look(rollout, judge_all(rollout, gather_all(store, rollout, now)), now, "")


@step("look at the evidence", retries=0)
def look(platform: Platform, rollout: Rollout | None, gathered: Gathered | None, now: datetime) -> Look | None:
    """Judge and keep the evidence of a serving rollout; None where there is nothing to compare."""
    if rollout is None or gathered is None:
        return None
    return take_look(platform, rollout, gathered, now) if rollout.live else look_back(platform, rollout, gathered, now)


@step("decide and append at most one event")
def move(
    platform: Platform, rollout: Rollout | None, seen: Look | None, now: datetime, by: str
) -> tuple[Rollout | None, Event | None]:
    """Append the event that the look calls for; a model's first rollout needs no look and runs to its end."""
    event = None
    while rollout is not None:
        draft = decide_opening(rollout) or (decide(rollout, seen, now) if seen else None)
        if draft is None:
            break
        if draft.type is EventType.REPORT and seen is not None:
            platform.registry.log.save_report(rollout.run_id, seen.report)
        rollout, event = append(platform.registry, rollout, draft, now, by)
        poke(platform)
        if not rollout.plan.first:
            break
    return rollout, event
