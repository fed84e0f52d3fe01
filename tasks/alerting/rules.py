"""The policy's rules for alerts: how loud each type is, and how long quiet must last."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tasks.alerting.kinds import SEVERITY, AlertType, Severity
from tasks.rollout.refusal import BadInput


@dataclass(frozen=True, slots=True)
class Rules:
    """What the model's owner decided; types that are not named keep the default severity.

    quiet_looks: looks in a row without the cause before an alert is resolved, so that one quiet morning in
    overlapping windows does not close an alert that opens again the next.
    """

    severity: Mapping[AlertType, Severity] = field(default_factory=dict)
    quiet_looks: int = 2

    def __post_init__(self) -> None:
        if self.quiet_looks < 1:
            raise BadInput("alerts.quiet_looks", f"at least one quiet look is needed, not {self.quiet_looks}")

    def severity_of(self, kind: AlertType) -> Severity:
        """Return how loud a type is.

        >>> Rules({AlertType.FEATURE_DRIFT: Severity.INFO}).severity_of(AlertType.FEATURE_DRIFT)
        <Severity.INFO: 'INFO'>
        """
        return self.severity.get(kind, SEVERITY[kind])


def rules_of(named: Mapping[str, str], quiet_looks: int = 2) -> Rules:
    """Return the rules that a policy states by name; raise BadInput for a type or a severity that does not exist.

    >>> rules_of({"labels_late": "CRITICAL"}).severity_of(AlertType.LABELS_LATE).value
    'CRITICAL'
    """
    severity = {}
    for name, level in named.items():
        if name not in set(AlertType):
            raise BadInput(f"alerts.rules.{name}", f"no such type of alert; there are {', '.join(AlertType)}")
        if level not in set(Severity):
            raise BadInput(f"alerts.rules.{name}", f"{level!r} is not one of {', '.join(Severity)}")
        severity[AlertType(name)] = Severity(level)
    return Rules(severity, quiet_looks)
