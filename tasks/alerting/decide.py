"""What one look changes: which alerts open, go on, fall quiet or are resolved, and which are worth a message."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from tasks.alerting.alert import Alert, State, Subject, quiet_look, resolve, still_raised
from tasks.alerting.kinds import AlertType, Severity
from tasks.alerting.rules import Rules

MONITOR = "monitor"


@dataclass(frozen=True, slots=True)
class Signal:
    """One thing that a look examined: raised, or found to be in order. What was not examined gives no signal.

    severity: where the evidence itself says how bad it is; the policy's rule otherwise.
    """

    type: AlertType
    subject: str
    raised: bool
    says: str = ""
    evidence: Mapping[str, object] = field(default_factory=dict)
    severity: Severity | None = None


@dataclass(frozen=True, slots=True)
class Examined:
    """Everything that one look examined of one version."""

    model: str
    version: str
    signals: tuple[Signal, ...]


class Change(StrEnum):
    """What happens to an alert."""

    OPENED = "opened"
    UPDATED = "updated"
    QUIET = "quiet"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class AlertChange:
    """An alert after the change, and whether people are told; `key` is the same for every repeat of the message."""

    change: Change
    alert: Alert
    notify: bool

    @property
    def key(self) -> str:
        """Return the key of the message."""
        return f"{self.alert.key}:{self.alert.changes}"


def decide(reports: Iterable[Examined], open_alerts: Sequence[Alert], rules: Rules, now: datetime) -> list[AlertChange]:
    """Return what one look changes; a subject that was not examined stays as it is, and no evidence resolves nothing.

    One alert per (model, version, type, subject) while it lasts. People hear of one that opens, grows louder, outlives
    a silence, or is resolved; never of one that only goes on, or while it is silenced. The same look taken again
    changes nothing, so a caller sends before it saves and may repeat both.
    """
    standing = {alert.about: alert for alert in open_alerts if alert.state is not State.RESOLVED}
    changes: dict[Subject, AlertChange] = {}
    for report in reports:
        for signal in sorted(report.signals, key=lambda one: one.raised, reverse=True):
            about = Subject(report.model, report.version, signal.type, signal.subject)
            change = None if about in changes else _change(about, signal, standing.get(about), rules, now)
            if change is not None:
                changes[about] = change
    return list(changes.values())


def _change(about: Subject, signal: Signal, alert: Alert | None, rules: Rules, now: datetime) -> AlertChange | None:
    if alert is not None and alert.updated_at >= now:
        return None
    if alert is None:
        return _opened(about, signal, rules, now) if signal.raised else None
    return _goes_on(alert, signal, rules, now) if signal.raised else _quiet(alert, rules, now)


def _opened(about: Subject, signal: Signal, rules: Rules, now: datetime) -> AlertChange:
    severity = signal.severity or rules.severity_of(about.type)
    return AlertChange(Change.OPENED, Alert(about, severity, signal.says, now, now, evidence=signal.evidence), True)


def _goes_on(alert: Alert, signal: Signal, rules: Rules, now: datetime) -> AlertChange:
    severity = signal.severity or rules.severity_of(alert.about.type)
    after = still_raised(alert, severity, signal.says, signal.evidence, now)
    outlived = alert.silenced_until is not None and not alert.is_silent(now)
    louder = after.severity.rank > alert.severity.rank
    return AlertChange(Change.UPDATED, after, (louder or outlived) and not after.is_silent(now))


def _quiet(alert: Alert, rules: Rules, now: datetime) -> AlertChange:
    if alert.quiet + 1 < rules.quiet_looks:
        return AlertChange(Change.QUIET, quiet_look(alert, now), False)
    return AlertChange(Change.RESOLVED, resolve(alert, MONITOR, now), not alert.is_silent(now))
