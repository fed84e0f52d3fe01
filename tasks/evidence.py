"""The evidence of a rollout: sealed forecasts and results from the store, as the ledger that is judged."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from blocks.registry import Registry
from blocks.store import Store
from tasks.judgement.judge import Judgement
from tasks.judgement.ledger import Ledger, Pair, build_ledger
from tasks.judgement.rule import Rule
from tasks.rollout.canonical import canonical, digest
from tasks.rollout.fold import Rollout
from tasks.rollout.nights import Night, closed_nights
from tasks.rollout.plan import Plan

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a look is judged on: the nights since the rollout started and the ledger of its pair."""

    nights: tuple[Night, ...]
    ledger: Ledger


def rule_of(plan: Plan) -> Rule:
    """Return the decision rule that a plan pins."""
    policy = plan.policy
    return Rule(
        q_bar=plan.q_bar,
        margin=policy.margin,
        alpha=policy.alpha,
        beta=policy.beta,
        n_max=policy.n_max,
        ladder=plan.steps,
        score=policy.score,
        challengers=max(1, len(policy.arms) - 1) if policy.arms else 1,
    )


def gather(store: Store, rollout: Rollout, now: datetime) -> Evidence:
    """Return the evidence since the rollout started; slates that were locked before it do not count."""
    plan = rollout.plan
    since = datetime.fromisoformat(rollout.started_at) if rollout.started_at else now
    known = through(now)
    slates = store.slates(plan.model, since=since, until=known)
    nights = nights_of(slates, store.outcomes(plan.model, until=known))
    dates = [night.date for night in nights]
    versions = [version for version in (plan.from_version, plan.to_version) if version]
    predictions = store.predictions(plan.model, versions=versions, slates=dates)
    outcomes = store.outcomes(plan.model, until=known, latest=False)
    pair = Pair(
        champion=plan.from_version or "",
        challenger=plan.to_version,
        fallback=plan.policy.fallback,
        overdue_hours=plan.policy.labels_overdue_hours,
    )
    ledger = build_ledger(_by_night(predictions), _by_night(outcomes), pair, closed_nights(nights), now)
    return Evidence(nights, ledger)


def through(now: datetime) -> datetime:
    """Return the end of a reading that includes what was written at `now` itself; the store's spans are half open."""
    return now + timedelta(microseconds=1)


def nights_of(slates: DataFrame, latest: DataFrame) -> tuple[Night, ...]:
    """Return the nights of locked slates, with the latest status of each of their games."""
    known = {
        (str(row.slate), str(row.unit)): str(row.status) for row in latest[["slate", "unit", "status"]].itertuples()
    }
    return tuple(_night(str(one["slate"]), one["manifest"], known) for one in slates.to_dict("records"))


def _night(slate: str, manifest: Mapping[str, Any], known: Mapping[tuple[str, str], str]) -> Night:
    games = manifest["games"]
    units = tuple(str(game["game_id"]) for game in games)
    tips = [datetime.fromisoformat(game["tip"]) for game in games]
    return Night(slate, min(tips), units, {unit: known[slate, unit] for unit in units if (slate, unit) in known})


def _by_night(frame: DataFrame) -> DataFrame:
    return frame.rename(columns={"slate": "night"})


def evidence_text(rollout: Rollout, evidence: Evidence, rule: Rule, judgement: Judgement) -> str:
    """Return the text from which a verdict can be computed again: rows, closed nights, rule and looks."""
    ledger, plan = evidence.ledger, rollout.plan
    columns = zip(ledger.night, ledger.unit, ledger.p_old, ledger.p_new, ledger.y, ledger.answered, strict=True)
    record: dict[str, object] = {
        "model": plan.model,
        "key": plan.request.key,
        "from": plan.from_version,
        "to": plan.to_version,
        "rule": asdict(rule),
        "resumed": rollout.resumed_night,
        "watermark": ledger.closed[-1] if ledger.closed else None,
        "closed": list(ledger.closed),
        "overdue": list(ledger.overdue),
        "rows": [[ledger.nights[n], u, float(o), float(c), float(y), bool(a)] for n, u, o, c, y, a in columns],
        "counts": asdict(ledger.counts),
        "verdict": judgement.verdict.value,
        "reason": judgement.reason,
        "looks": [asdict(look) for look in judgement.looks],
    }
    return canonical(record)


def save(registry: Registry, rollout: Rollout, text: str, known: str | None) -> str:
    """Keep the evidence under its digest, unless the rollout's last event cites the same, and return the digest."""
    sha = digest(text)
    if sha != known:
        registry.log.save_evidence(rollout.run_id, sha, text)
    return sha


def ledger_of(text: str) -> tuple[Ledger, Rule]:
    """Return the ledger and the rule of saved evidence, so that anybody can judge again."""
    import numpy as np

    record = json.loads(text)
    rows = record["rows"]
    nights = tuple(sorted({row[0] for row in rows}))
    place = {night: at for at, night in enumerate(nights)}
    ledger = Ledger(
        nights=nights,
        night=np.array([place[row[0]] for row in rows], dtype=int),
        unit=np.array([row[1] for row in rows], dtype=object),
        p_old=np.array([row[2] for row in rows], dtype=float),
        p_new=np.array([row[3] for row in rows], dtype=float),
        y=np.array([row[4] for row in rows], dtype=float),
        answered=np.array([row[5] for row in rows], dtype=bool),
        closed=tuple(record["closed"]),
        overdue=tuple(record["overdue"]),
    )
    return ledger, Rule(**record["rule"] | {"ladder": tuple(record["rule"]["ladder"])})
