"""The evidence of a rollout: sealed forecasts and results from the store, as the ledger that is judged."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
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
from tasks.streams import Stream, streams_of

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a look is judged on: the nights since the rollout started, the ledger of its pair, and its requests.

    streams: errors and slow answers, where the policy declares them.
    """

    nights: tuple[Night, ...]
    ledger: Ledger
    streams: Mapping[str, Stream] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Judged:
    """One challenger's evidence against the champion, the rule that it is held to, and what it says."""

    evidence: Evidence
    rule: Rule
    judgement: Judgement


def rule_of(plan: Plan, version: str | None = None) -> Rule:
    """Return the decision rule that a plan pins for one of its challengers; both errors are split among them."""
    policy = plan.policy
    return Rule(
        q_bar=plan.q_bar_of(version or plan.to_version),
        margin=policy.margin,
        alpha=policy.alpha,
        beta=policy.beta,
        n_max=policy.n_max,
        ladder=plan.steps,
        score=policy.loss,
        challengers=len(plan.challengers),
    )


def gather(store: Store, rollout: Rollout, now: datetime) -> Evidence:
    """Return the evidence of the challenger since the rollout started; slates locked before it do not count."""
    return gather_all(store, rollout, now)[rollout.challenger]


def gather_all(store: Store, rollout: Rollout, now: datetime) -> dict[str, Evidence]:
    """Return the evidence of every standing challenger against the champion, from one reading of the store."""
    plan = rollout.plan
    since = datetime.fromisoformat(rollout.started_at) if rollout.started_at else now
    known = through(now)
    slates = store.slates(plan.model, since=since, until=known)
    if not rollout.live and rollout.decided:
        slates = slates[slates["slate"].astype(str) <= rollout.decided]
    nights = nights_of(slates, store.outcomes(plan.model, until=known))
    dates = [night.date for night in nights]
    versions = [version for version in (plan.from_version, *rollout.standing) if version]
    predictions = _by_night(store.predictions(plan.model, versions=versions, slates=dates))
    outcomes = _by_night(store.outcomes(plan.model, until=known, latest=False))
    closed = closed_nights(nights)
    late = overdue(predictions, outcomes, now - timedelta(hours=plan.policy.labels_overdue_hours))
    pairs = {name: pair_of(plan, name, _classes(plan, predictions)) for name in rollout.standing}
    ledgers = {name: build_ledger(predictions, outcomes, pair, closed) for name, pair in pairs.items()}
    streams = streams_of(store, plan, rollout.standing, since, known)
    return {name: Evidence(nights, replace(one, overdue=late), streams[name]) for name, one in ledgers.items()}


def pair_of(plan: Plan, version: str, classes: int | None = None) -> Pair:
    """Return whom a challenger is compared with, and what its missing forecasts are scored as."""
    return Pair(
        champion=plan.from_version or "",
        challenger=version,
        fallback=plan.policy.fallback,
        classes=classes,
        outcome_range=plan.policy.outcome_range or (0.0, 1.0),
    )


def _classes(plan: Plan, predictions: DataFrame) -> int | None:
    """Return over how many classes the champion forecasts; None for one number a game."""
    if plan.policy.task != "classes":
        return None
    sealed = predictions.loc[predictions["version"] == plan.from_version, "p"]
    lengths = sorted(len(p) for p in sealed if isinstance(p, list))
    return lengths[len(lengths) // 2] if lengths else 2


def overdue(sealed: DataFrame, told: DataFrame, deadline: datetime) -> tuple[str, ...]:
    """Return the units whose tip-off was before the deadline, not gone from that night, and without a final label."""
    final = told.loc[(told["status"] == "final") & told["outcome"].notna(), "unit"]
    gone = told.loc[told["status"].isin(["void", "moved"]), ["unit", "night"]]
    due = sealed.loc[(sealed["tip_at"] < deadline) & ~sealed["unit"].isin(final), ["unit", "night"]]
    left = set(due.itertuples(index=False, name=None)) - set(gone.itertuples(index=False, name=None))
    return tuple(sorted({str(unit) for unit, _ in left}))


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


def evidence_text(rollout: Rollout, judged: Mapping[str, Judged], breakers: Mapping[str, str] | None = None) -> str:
    """Return the text from which a verdict can be computed again: rows, closed nights, rule and looks, of every arm.

    breakers: those that stood open at the gateway, by version.
    """
    records = [_record(rollout, version, one) for version, one in judged.items()]
    opened: dict[str, object] = {"breakers": dict(breakers)} if breakers else {}
    if len(records) == 1:
        return canonical(records[0] | opened)
    shared = {name: records[0][name] for name in ("model", "key", "from", "watermark")}
    return canonical({**shared, "arms": records} | opened)


def records_of(text: str) -> list[dict[str, Any]]:
    """Return the record of every challenger in saved evidence."""
    record = json.loads(text)
    found: list[dict[str, Any]] = record.get("arms", [record])
    return found


def _record(rollout: Rollout, version: str, judged: Judged) -> dict[str, object]:
    ledger, plan, judgement = judged.evidence.ledger, rollout.plan, judged.judgement
    columns = zip(ledger.night, ledger.unit, ledger.p_old, ledger.p_new, ledger.y, ledger.answered, strict=True)
    return {
        "model": plan.model,
        "key": plan.request.key,
        "from": plan.from_version,
        "to": version,
        "rule": asdict(judged.rule),
        "resumed": rollout.resumed_night,
        "watermark": ledger.closed[-1] if ledger.closed else None,
        "closed": list(ledger.closed),
        "overdue": list(ledger.overdue),
        "rows": [[ledger.nights[n], u, o.tolist(), c.tolist(), float(y), bool(a)] for n, u, o, c, y, a in columns],
        "counts": asdict(ledger.counts),
        "streams": {name: asdict(stream) for name, stream in judged.evidence.streams.items()},
        "verdict": judgement.verdict.value,
        "reason": judgement.reason,
        "looks": [asdict(look) for look in judgement.looks],
    }


def save(registry: Registry, rollout: Rollout, text: str, known: str | None) -> str:
    """Keep the evidence under its digest, unless the rollout's last event cites the same, and return the digest."""
    sha = digest(text)
    if sha != known:
        registry.log.save_evidence(rollout.run_id, sha, text)
    return sha


def ledger_of(text: str) -> tuple[Ledger, Rule]:
    """Return the ledger and the rule of saved evidence of one challenger, so that anybody can judge again."""
    return ledger_from(json.loads(text))


def ledger_from(record: Mapping[str, Any]) -> tuple[Ledger, Rule]:
    """Return the ledger and the rule of one challenger's record in saved evidence."""
    import numpy as np

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
