"""What a version is held to by its gates: `gates.yaml`, read once, checked whole."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tasks.rollout.refusal import BadInput

Share = Annotated[float, Field(gt=0, lt=1)]
Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1)]


class Strict(BaseModel):
    """A part of the limits: unknown keys are errors, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class HoldoutLimits(Strict):
    """How many games after training a version is compared on."""

    fewest: Count = 100
    newest: Count = 400


class CalibrationLimits(Strict):
    """The line logit P(win) = intercept + slope * logit p, and the mean gap of the reliability table.

    A limit is broken where the fit lies beyond it by more than `z` standard errors.
    """

    slope: tuple[Positive, Positive] = (0.67, 1.5)
    intercept: Positive = 0.35
    error: Share = 0.15
    z: Positive = 2.0


class LeakLimits(Strict):
    """Results that are too good to be true for a league in which nobody knows more than the closing line.

    explained: why this model may be that good; with it the gate passes and says so.
    """

    since: int = 2000
    games: Count = 1000
    accuracy: Share = 0.72
    brier: Share = 0.185
    z: Positive = 2.0
    early_games: Count = 15
    audit_nights: Count = 5
    explained: str = ""


class RobustnessLimits(Strict):
    """How many rows are bent, and how far two answers to the same row may differ."""

    rows: Count = 40
    tolerance: Positive = 1e-9


class SliceLimits(Strict):
    """The smallest part of the games that is judged by itself."""

    fewest: Count = 30


class LatencyLimits(Strict):
    """Milliseconds for one row and for a thousand (the median of several calls), megabytes at the peak of a call."""

    row_ms: Positive = 100.0
    thousand_ms: Positive = 2000.0
    memory_mb: Positive = 512.0


class ExplainabilityLimits(Strict):
    """How often each column is shuffled, and the change of a forecast below which it counts as unread."""

    repeats: Count = 3
    change: Positive = 1e-6


class GatewayLimits(Strict):
    """Rows sent through the gateway before any exposure; required: whether a version may pass without being asked."""

    rows: Count = 20
    tolerance: Positive = 1e-6
    required: bool = False


class Limits(Strict):
    """Everything that the gates of a version are measured against; every key has a default."""

    holdout: HoldoutLimits = HoldoutLimits()
    calibration: CalibrationLimits = CalibrationLimits()
    leak: LeakLimits = LeakLimits()
    robustness: RobustnessLimits = RobustnessLimits()
    slices: SliceLimits = SliceLimits()
    latency: LatencyLimits = LatencyLimits()
    explainability: ExplainabilityLimits = ExplainabilityLimits()
    gateway: GatewayLimits = GatewayLimits()


def read_limits(values: object, where: str) -> Limits:
    """Return the checked limits of a parsed YAML document, every default where there is none; `where` names the file.

    >>> read_limits(None, "gates.yaml").leak.accuracy
    0.72
    """
    if values is not None and not isinstance(values, dict):
        raise BadInput(where, "expected keys and values such as `latency: {row_ms: 50}`, found something else")
    try:
        return Limits.model_validate(values or {})
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        message = "this key is not known; see docs/reference/gates.md" if first["type"] == "extra_forbidden" else ""
        raise BadInput(f"{where}: {field}", message or first["msg"]) from error
