"""The types of alerts and their severities: what each is about, and how loud it is unless the policy says otherwise."""

from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType


class AlertType(StrEnum):
    """What an alert may be about."""

    FEATURE_DRIFT = "feature_drift"
    PREDICTION_DRIFT = "prediction_drift"
    PERFORMANCE_DEGRADATION = "performance_degradation"
    HIGH_ERROR_RATE = "high_error_rate"
    HIGH_LATENCY = "high_latency"
    CALIBRATION_DRIFT = "calibration_drift"
    DATA_QUALITY = "data_quality"
    LABELS_LATE = "labels_late"
    SLATE_UNSCORED = "slate_unscored"
    VOLUME = "volume"
    BREAKER_OPEN = "breaker_open"
    ROLLOUT_HELD = "rollout_held"
    ROLLED_BACK = "rolled_back"
    TAMPERED = "tampered"


class Severity(StrEnum):
    """How loud an alert is, mildest first."""

    INFO = "INFO"
    WARNING = "WARNING"
    CRITICAL = "CRITICAL"

    @property
    def rank(self) -> int:
        """Return the place in the order, 0 for the mildest."""
        return list(Severity).index(self)


class Kind(StrEnum):
    """The four kinds of evidence, kept apart; only quality and operations may count in a verdict."""

    INPUTS = "inputs"
    PREDICTIONS = "predictions"
    QUALITY = "quality"
    OPERATIONS = "operations"


KIND = MappingProxyType(
    {
        AlertType.FEATURE_DRIFT: Kind.INPUTS,
        AlertType.DATA_QUALITY: Kind.INPUTS,
        AlertType.PREDICTION_DRIFT: Kind.PREDICTIONS,
        AlertType.PERFORMANCE_DEGRADATION: Kind.QUALITY,
        AlertType.CALIBRATION_DRIFT: Kind.QUALITY,
        AlertType.LABELS_LATE: Kind.QUALITY,
        AlertType.SLATE_UNSCORED: Kind.OPERATIONS,
        AlertType.HIGH_ERROR_RATE: Kind.OPERATIONS,
        AlertType.HIGH_LATENCY: Kind.OPERATIONS,
        AlertType.VOLUME: Kind.OPERATIONS,
        AlertType.BREAKER_OPEN: Kind.OPERATIONS,
        AlertType.ROLLOUT_HELD: Kind.OPERATIONS,
        AlertType.ROLLED_BACK: Kind.OPERATIONS,
        AlertType.TAMPERED: Kind.OPERATIONS,
    }
)

SEVERITY = MappingProxyType(
    {
        AlertType.FEATURE_DRIFT: Severity.WARNING,
        AlertType.PREDICTION_DRIFT: Severity.WARNING,
        AlertType.PERFORMANCE_DEGRADATION: Severity.CRITICAL,
        AlertType.HIGH_ERROR_RATE: Severity.CRITICAL,
        AlertType.HIGH_LATENCY: Severity.WARNING,
        AlertType.CALIBRATION_DRIFT: Severity.WARNING,
        AlertType.DATA_QUALITY: Severity.WARNING,
        AlertType.LABELS_LATE: Severity.WARNING,
        AlertType.SLATE_UNSCORED: Severity.CRITICAL,
        AlertType.VOLUME: Severity.WARNING,
        AlertType.BREAKER_OPEN: Severity.CRITICAL,
        AlertType.ROLLOUT_HELD: Severity.WARNING,
        AlertType.ROLLED_BACK: Severity.CRITICAL,
        AlertType.TAMPERED: Severity.CRITICAL,
    }
)
