"""The same nights as other rules see them: nightly sums, the losses of both, and the bounds that they are held to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.rollout.verdict import Verdict

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Season:
    """Sums after each night, shape (nights,), and the losses of every unit in the order of the nights, shape (units,).

    n: units; S: sum of d = loss(new) - loss(old); squares: sum of d^2.
    """

    n: Array
    S: Array
    squares: Array
    old: Array
    new: Array


@dataclass(frozen=True, slots=True)
class Bounds:
    """The margin, both errors, the horizon in units, and the fewest units before a call."""

    margin: float = 0.01
    alpha: float = 0.10
    beta: float = 0.05
    n_max: int = 600
    min_units: int = 20


@dataclass(frozen=True, slots=True)
class Call:
    """What a rule decided and when: night counts looks from 1, None where it never decided."""

    verdict: Verdict
    night: int | None
    units: int
