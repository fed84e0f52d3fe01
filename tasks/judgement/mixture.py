"""The one formula of the judgement, and its inverse: a normal mixture over the alternatives that are worse."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import erfcx, log_ndtr

from tasks.rollout.refusal import BadInput

Array = NDArray[np.float64]


def _checked(s: ArrayLike, v: ArrayLike, t: float) -> tuple[Array, Array]:
    excess, allowance = np.asarray(s, dtype=float), np.asarray(v, dtype=float)
    if not (t > 0 and math.isfinite(t)):
        raise BadInput("t", f"the spread of the mixture is {t}; it must be a finite number above 0")
    if not (np.all(allowance >= 0) and np.all(np.isfinite(allowance)) and np.all(np.isfinite(excess))):
        raise BadInput("s, v", "an excess or allowance is negative, infinite or not a number; check the loss terms")
    return excess, allowance


def log_mix(s: ArrayLike, v: ArrayLike, l0: float, t: float) -> Array:
    """Return the log of the integral over l > 0 of exp(l*s - l^2*v/2) under N(l0, t^2) truncated to l > 0.

    s: summed excess; v: summed variance allowance, >= 0; both broadcast. The bracket z^2/2 + logPhi(z) is taken through
    erfcx for z < 0, and the squares are joined before they are divided, so nothing cancels. Raises BadInput on t <= 0
    or an unusable sum. Source: Howard, Ramdas, McAuliffe, Sekhon (2021), one-sided normal mixture, here with l0 > 0.

    >>> float(log_mix(0.0, 0.0, 1.0, 0.5))
    0.0
    >>> round(float(log_mix(4.0, 2.0, 1.0, 0.5)), 6)
    3.153068
    """
    excess, allowance = _checked(s, v, t)
    spread = 1.0 + allowance * t**2
    z = (excess * t + l0 / t) / np.sqrt(spread)
    squares = (excess * t) ** 2 + 2.0 * excess * l0 - l0**2 * allowance
    above = squares / (2.0 * spread) + log_ndtr(np.maximum(z, 0.0))
    below = np.log(erfcx(np.maximum(-z, 0.0) / math.sqrt(2.0)) / 2.0) - (l0 / t) ** 2 / 2.0
    result: Array = np.where(z >= 0, above, below) - 0.5 * np.log(spread) - log_ndtr(l0 / t)
    return result[()]


def crossing(v: ArrayLike, l0: float, t: float, level: float) -> Array:
    """Return the excess s* at which log_mix(s*, v; l0, t) meets the level, for every allowance v.

    The log of a mixture of exponentials is convex and rising in s, so Newton's steps fall onto the root from the right
    after the first and need no bracket; the slope is the mean of the truncated normal that is left.

    >>> s = crossing(2.0, 1.0, 0.5, np.log(10))
    >>> round(float(log_mix(s, 2.0, 1.0, 0.5)), 9) == round(float(np.log(10)), 9)
    True
    """
    _, allowance = _checked(0.0, v, t)
    root = np.sqrt(1.0 + allowance * t**2) / t
    s = np.zeros_like(allowance)
    for _ in range(60):
        z = (s + l0 / t**2) / root
        slope = (z + math.sqrt(2.0 / math.pi) / erfcx(-z / math.sqrt(2.0))) / root
        step = (log_mix(s, allowance, l0, t) - level) / slope
        s = s - step
        if np.all(np.abs(step) <= 1e-12 * (1.0 + np.abs(s))):
            break
    return s[()]
