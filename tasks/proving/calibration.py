"""Calibration: do the version's 70 % games come true about 70 % of the time, on games after its training?"""

from __future__ import annotations

from typing import Protocol

from tasks.proving.limits import CalibrationLimits
from tasks.rollout.candidate import Gate
from tasks.rollout.verdict import Verdict

NAME = "calibration"


class Fitted(Protocol):
    """A fitted line of calibration: intercept and slope with their standard errors, None where it cannot be fitted."""

    @property
    def n(self) -> int:
        """Return the number of games."""

    @property
    def intercept(self) -> float | None:
        """Return the intercept in log odds, 0 at best."""

    @property
    def intercept_se(self) -> float | None:
        """Return its standard error."""

    @property
    def slope(self) -> float | None:
        """Return the slope, 1 at best; below 1 the forecasts are too sure."""

    @property
    def slope_se(self) -> float | None:
        """Return its standard error."""

    @property
    def ece(self) -> float | None:
        """Return the mean gap between forecast and what came true, over the rows of the reliability table."""


def calibration(found: Fitted, limits: CalibrationLimits) -> Gate:
    """Return FAIL where the line lies beyond a limit by more than luck, or the reliability table is far off."""
    if found.slope is None or found.slope_se is None or found.intercept is None or found.intercept_se is None:
        return Gate(NAME, Verdict.PASS, f"no line can be fitted through its answers to {found.n} games")
    low, high = limits.slope
    room = limits.z * found.slope_se
    faults = []
    if found.slope + room < low:
        faults.append(f"slope {found.slope:.2f} is below {low:g}: it is too sure; shrink it, or calibrate it anew")
    if found.slope - room > high:
        faults.append(f"slope {found.slope:.2f} is above {high:g}: it is not sure enough; calibrate it anew")
    if abs(found.intercept) - limits.z * found.intercept_se > limits.intercept:
        side = "away" if found.intercept > 0 else "home"
        faults.append(f"intercept {found.intercept:+.2f} is beyond {limits.intercept:g}: it favours the {side} team")
    if found.ece is not None and found.ece > limits.error:
        faults.append(
            f"what came true lies {found.ece:.3f} from its forecasts in the mean, {limits.error:g} is allowed"
        )
    figures = {
        "n": float(found.n),
        "slope": found.slope,
        "slope_se": found.slope_se,
        "intercept": found.intercept,
        "intercept_se": found.intercept_se,
        "ece": found.ece or 0.0,
    }
    said = f"slope {found.slope:.2f} (se {found.slope_se:.2f}), intercept {found.intercept:+.2f} over {found.n} games"
    return Gate(NAME, Verdict.FAIL if faults else Verdict.PASS, "; ".join(faults) or said, figures)
