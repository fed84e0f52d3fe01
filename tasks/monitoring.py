"""Watch what serves: its inputs and answers against the reference, its quality once results are in."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from blocks.catalogue.registering import REFERENCE
from blocks.errors import NotFound
from blocks.platform import Platform
from blocks.registry import Registry
from tasks.alerting.decide import Signal
from tasks.alerting.kinds import AlertType
from tasks.deadlines import deadline_signals
from tasks.drift.phases import PhasedProfile
from tasks.drift.profile import Profile
from tasks.drift.report import Report, compare
from tasks.drift.settings import Settings
from tasks.evidence import gather, nights_of, through
from tasks.gates import GateFailed, ask, data_gate
from tasks.judgement.detector import ALARM, detector_path
from tasks.judgement.ledger import Ledger
from tasks.judgement.paired import paired_terms
from tasks.nba.features import phase_of
from tasks.rollout.fold import Rollout
from tasks.rollout.plan import RESTORE
from tasks.rollout.policy import Policy
from tasks.rollout.stage import EventType, Stage
from tasks.step import step

if TYPE_CHECKING:
    import pandas as pd

WINDOW_NIGHTS = 10
LOOKS = 164
"""Looks at overlapping windows in a season, which share the false discovery rate."""
NOT_COMPARED = ("status",)
"""Columns that a live row differs in by nature."""


@dataclass(frozen=True, slots=True)
class Window:
    """The inputs and answers of the newest nights, a row a game, and what is wrong with them as a table."""

    rows: pd.DataFrame
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Watched:
    """What one look of the monitor saw."""

    version: str
    rows: int
    drift: Report | None
    quality: dict[str, float]
    signals: tuple[Signal, ...]
    harm: str = ""
    skipped: tuple[str, ...] = ()

    @property
    def findings(self) -> tuple[Signal, ...]:
        """Return the signals that stand for something wrong."""
        return tuple(signal for signal in self.signals if signal.raised)


@lru_cache(maxsize=16)
def _reference(tracking_uri: str, model: str, version: str) -> PhasedProfile | None:
    """Return the stored profile of a version; a version never changes, so a process reads it once."""
    try:
        text = Registry(tracking_uri=tracking_uri).version_text(model, version, REFERENCE)
    except NotFound:
        return None
    return PhasedProfile.from_dict(json.loads(text))


def reference_of(registry: Registry, model: str, version: str) -> PhasedProfile | None:
    """Return the reference profile that was stored with a version, or None where it has none."""
    return _reference(registry.tracking_uri, model, version)


def window_of(platform: Platform, model: str, version: str, now: datetime) -> pd.DataFrame:
    """Return the inputs and answers of the newest nights, one row a game: the forecast of record of a version."""
    import pandas as pd

    slates = platform.store.slates(model, since=now - timedelta(days=30), until=through(now))["slate"].tolist()
    sealed = platform.store.predictions(model, versions=[version], slates=slates[-WINDOW_NIGHTS:])
    record = sealed.sort_values("made_at").drop_duplicates("unit", keep="last")
    rows = [{**row["features"], "unit": row["unit"], "prediction": row["p"]} for row in record.to_dict("records")]
    return pd.DataFrame(rows)


def drift_of(reference: PhasedProfile, window: pd.DataFrame, policy: Policy) -> Report:
    """Return the report of a window against the same phase of the training seasons."""
    settings = Settings(
        statistic=policy.drift.statistic,
        ks_effect=policy.drift.effect.get("ks", 0.1),
        psi_effect=policy.drift.effect.get("psi", 0.1),
        fdr=policy.drift.fdr,
        min_rows=policy.drift.min_rows,
        looks=LOOKS,
    )
    matched = reference.matched(phase_of(window))
    columns = {name: one for name, one in matched.columns.items() if name not in NOT_COMPARED}
    return compare(Profile(matched.rows, columns), window[[name for name in columns if name in window]], settings)


def drift_signals(report: Report) -> list[Signal]:
    """Return a signal per column, raised where it moved: of the inputs, or of the answers."""
    return [
        Signal(
            AlertType.PREDICTION_DRIFT if name == "prediction" else AlertType.FEATURE_DRIFT,
            name,
            name in report.drifted,
            column.why,
        )
        for name, column in report.columns.items()
    ]


def late_signals(platform: Platform, model: str, policy: Policy, now: datetime) -> list[Signal]:
    """Return a signal per recent night, raised where its results are overdue."""
    known = through(now)
    slates = platform.store.slates(model, since=now - timedelta(days=30), until=known)
    limit = timedelta(hours=policy.labels_overdue_hours)
    return [
        Signal(
            AlertType.LABELS_LATE,
            night.date,
            not night.closed and night.first_tip + limit < now,
            f"{len(night.open_units)} games have no final result",
        )
        for night in nights_of(slates, platform.store.outcomes(model, until=known))
    ]


def quality_of(ledger: Ledger) -> dict[str, float]:
    """Return n and the Brier score of both versions over the labelled games, empty before the first."""
    if not len(ledger.y):
        return {}
    old, new = (float(np.mean((p - ledger.y) ** 2)) for p in (ledger.p_old, ledger.p_new))
    return {"n": float(len(ledger.y)), "brier": new, "brier_of_the_other": old}


def decay(rollout: Rollout, ledger: Ledger) -> str:
    """Return why the champion of a finished rollout must go, or an empty text: the detector over its watch nights."""
    finish = [event for event in rollout.events if event.type is EventType.FINISH]
    since = finish[0].night if finish else None
    watched = [night for night in ledger.closed if since is None or night > since][: rollout.plan.policy.watch_nights]
    if not watched:
        return ""
    d, q = paired_terms(ledger.p_old, ledger.p_new, ledger.y, score=rollout.plan.policy.loss)
    dates = np.array(ledger.nights)[ledger.night] if len(ledger.night) else np.array([])
    sums = [(float(d[dates == night].sum()), float(q[dates == night].sum())) for night in watched]
    path = detector_path(np.array([s for s, _ in sums]), np.array([v for _, v in sums]))
    if float(np.max(path)) < ALARM:
        return ""
    return f"the detector after promotion reached {float(np.max(path)):.1f} of {ALARM:.1f} in {len(watched)} nights"


def watch(platform: Platform, rollout: Rollout, window: Window, policy: Policy, now: datetime) -> Watched:
    """Return what the monitor sees of the version that serves; a window that is not sound is compared with nothing."""
    version, model = str(rollout.champion), policy.model
    reference = reference_of(platform.registry, model, version)
    report = drift_of(reference, window.rows, policy) if reference and len(window.rows) and not window.problem else None
    signals = late_signals(platform, model, policy, now) + (drift_signals(report) if report else [])
    signals += deadline_signals(platform, policy, now)
    signals.append(Signal(AlertType.DATA_QUALITY, "window", bool(window.problem), window.problem or "sound"))
    compared = not rollout.plan.first and rollout.plan.strategy != RESTORE and rollout.started_at is not None
    ledger = gather(platform.store, rollout, now).ledger if compared else None
    harm = decay(rollout, ledger) if ledger is not None and rollout.stage is Stage.PROMOTED else ""
    skipped = () if reference else (f"version {version} was registered without a reference profile",)
    quality = quality_of(ledger) if ledger is not None else {}
    return Watched(version, len(window.rows), report, quality, tuple(signals), harm, skipped)


def page(model: str, seen: Watched) -> str:
    """Return the page of the monitor in markdown."""
    lines = [f"# {model} version {seen.version}: {len(seen.findings)} findings", f"{seen.rows} games in the window."]
    lines += [f"- **{one.type}** {one.subject}: {one.says}" for one in seen.findings]
    lines += [f"- not looked at: {why}" for why in seen.skipped]
    if seen.quality:
        lines += [
            "",
            f"Brier {seen.quality['brier']:.4f} over {seen.quality['n']:.0f} games (estimate: see the interval).",
        ]
    if seen.drift is not None:
        lines += ["", "| column | kind | ks | psi | moved |", "| --- | --- | --- | --- | --- |"]
        for name, column in seen.drift.columns.items():
            row: dict[str, Any] = column.to_dict()
            lines.append(f"| {name} | {row['kind']} | {row['ks'] or '-'} | {row['psi'] or '-'} | {row['drift']} |")
    return "\n".join(lines)


@step("gate the window", shown_as="gate window")
def gate_window(platform: Platform, rollout: Rollout | None, policy: Policy, now: datetime) -> Window | None:
    """Read the newest nights of the version that serves and hold them against their suite.

    A window that fails does not stop the monitor: it is an alert of its own, and nothing is concluded from its rows.
    """
    if rollout is None or rollout.champion is None:
        return None
    rows = window_of(platform, policy.model, rollout.champion, now)
    if not len(rows):
        return Window(rows)
    try:
        return Window(ask(platform, data_gate(policy, "window"), rows).frame)
    except GateFailed as failed:
        return Window(rows, str(failed))


@step("look at inputs, answers and quality")
def watch_model(
    platform: Platform, rollout: Rollout | None, window: Window | None, policy: Policy, now: datetime
) -> Watched | None:
    """Compare the newest nights with the reference of the version that serves; None before the first champion."""
    if rollout is None or window is None:
        return None
    return watch(platform, rollout, window, policy, now)
