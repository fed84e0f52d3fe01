"""One alert and its life: opened, updated, acknowledged, silenced until, resolved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from tasks.alerting.kinds import KIND, AlertType, Kind, Severity
from tasks.rollout.refusal import BadInput

Evidence = Mapping[str, object]


class State(StrEnum):
    """Where an alert stands; a silence is a time, not a state."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class Subject:
    """What an alert is about: one alert for each while it lasts."""

    model: str
    version: str
    type: AlertType
    subject: str

    @property
    def kind(self) -> Kind:
        """Return which kind of evidence moved."""
        return KIND[self.type]


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert at one moment; every change returns a new one with `changes` counted up."""

    about: Subject
    severity: Severity
    says: str
    opened_at: datetime
    updated_at: datetime
    state: State = State.OPEN
    evidence: Evidence = field(default_factory=dict)
    quiet: int = 0
    changes: int = 0
    acknowledged_by: str | None = None
    silenced_until: datetime | None = None
    resolved_at: datetime | None = None
    resolved_by: str | None = None

    @property
    def key(self) -> str:
        """Return the name of this alert: the same subject opened again later is another alert."""
        about = self.about
        return f"{about.model}:{about.version}:{about.type}:{about.subject}:{self.opened_at.isoformat()}"

    def is_silent(self, now: datetime) -> bool:
        """Return whether somebody asked not to hear of it until later than now."""
        return self.silenced_until is not None and now < self.silenced_until

    def to_dict(self) -> dict[str, object]:
        """Return the alert as the store and the notifiers take it."""
        return {
            "key": self.key,
            "model": self.about.model,
            "version": self.about.version,
            "type": self.about.type.value,
            "subject": self.about.subject,
            "kind": self.about.kind.value,
            "severity": self.severity.value,
            "state": self.state.value,
            "says": self.says,
            "evidence": dict(self.evidence),
            "quiet": self.quiet,
            "changes": self.changes,
            "opened_at": self.opened_at,
            "updated_at": self.updated_at,
            "acknowledged_by": self.acknowledged_by,
            "silenced_until": self.silenced_until,
            "resolved_at": self.resolved_at,
            "resolved_by": self.resolved_by,
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, object]) -> Alert:
        """Return the alert that `to_dict` described; times may be datetimes or ISO 8601 text."""
        evidence = stored.get("evidence")
        return cls(
            about=_subject(stored),
            severity=Severity(str(stored["severity"])),
            says=str(stored.get("says", "")),
            opened_at=_needed_time(stored, "opened_at"),
            updated_at=_needed_time(stored, "updated_at"),
            state=State(str(stored["state"])),
            evidence=evidence if isinstance(evidence, dict) else {},
            quiet=int(str(stored.get("quiet", 0))),
            changes=int(str(stored.get("changes", 0))),
            acknowledged_by=_text(stored.get("acknowledged_by")),
            silenced_until=_time(stored, "silenced_until"),
            resolved_at=_time(stored, "resolved_at"),
            resolved_by=_text(stored.get("resolved_by")),
        )


def acknowledge(alert: Alert, by: str, now: datetime) -> Alert:
    """Mark that somebody takes care of it."""
    _refuse_resolved(alert, "acknowledge")
    return _changed(alert, now, state=State.ACKNOWLEDGED, acknowledged_by=by)


def silence(alert: Alert, until: datetime, now: datetime) -> Alert:
    """Keep an alert from being sent until a time; it goes on gathering evidence."""
    _refuse_resolved(alert, "silence")
    if until <= now:
        raise BadInput("until", f"{until.isoformat()} is not after now, {now.isoformat()}")
    return _changed(alert, now, silenced_until=until)


def resolve(alert: Alert, by: str, now: datetime) -> Alert:
    """Close an alert; the same cause seen later opens a new one."""
    _refuse_resolved(alert, "resolve")
    return _changed(alert, now, state=State.RESOLVED, resolved_at=now, resolved_by=by)


def still_raised(alert: Alert, severity: Severity, says: str, evidence: Evidence, now: datetime) -> Alert:
    """Take in a look that saw the cause again; a severity once reached is kept, a silence that is over is forgotten."""
    loudest = max(alert.severity, severity, key=lambda level: level.rank)
    until = alert.silenced_until if alert.is_silent(now) else None
    return _changed(alert, now, severity=loudest, says=says, evidence=evidence, quiet=0, silenced_until=until)


def quiet_look(alert: Alert, now: datetime) -> Alert:
    """Take in a look that did not see the cause."""
    return _changed(alert, now, quiet=alert.quiet + 1)


def _changed(alert: Alert, now: datetime, **changes: object) -> Alert:
    return replace(alert, updated_at=now, changes=alert.changes + 1, **changes)  # type: ignore[arg-type] # named above


def _refuse_resolved(alert: Alert, verb: str) -> None:
    if alert.state is State.RESOLVED:
        raise BadInput("alert", f"cannot {verb} {alert.key}: it was resolved by {alert.resolved_by}")


def _subject(stored: Mapping[str, object]) -> Subject:
    model, version, kind, subject = (str(stored[name]) for name in ("model", "version", "type", "subject"))
    return Subject(model, version, AlertType(kind), subject)


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _time(stored: Mapping[str, object], name: str) -> datetime | None:
    value = stored.get(name)
    if value is None:
        return None
    found = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    if found.tzinfo is None:
        raise BadInput(name, f"{value} has no timezone; times are kept in UTC")
    return found


def _needed_time(stored: Mapping[str, object], name: str) -> datetime:
    found = _time(stored, name)
    if found is None:
        raise BadInput(name, "an alert has to say when")
    return found
