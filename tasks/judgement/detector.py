"""The watch after promotion: has the new champion become worse than the old one that scores in its shadow?"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from tasks.judgement.evidence import log_mean_exp
from tasks.judgement.mixture import Array

RATES = (0.25, 0.5, 1.0)
ALARM = math.log(3300.0)


def detector_path(excess: ArrayLike, allowance: ArrayLike) -> Array:
    """Return log M after each night, M the mean of three Shiryaev-Roberts e-detectors; alarm at log(3300).

    excess: sum of d a night, new against old; allowance: sum of q a night; both shape (nights,). False alarms in a
    164-night season: at most 164/3300. Source: Shin, Ramdas, Rinaldo (2024), E-detectors.

    >>> path = detector_path([0.0] * 20 + [2.0] * 10, [0.5] * 30)
    >>> int(np.argmax(path >= ALARM))
    24
    """
    s, v = np.asarray(excess, dtype=float), np.asarray(allowance, dtype=float)
    rate = np.array(RATES)[:, None]
    total = np.cumsum(rate * s - rate**2 * v / 2.0, axis=1)
    before = np.hstack([np.zeros((len(RATES), 1)), total[:, :-1]])
    return log_mean_exp(total + np.logaddexp.accumulate(-before, axis=1))
