"""The same scores within parts of the window: by team, by rest, by month."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from tasks.quality.scores import Scores, scores
from tasks.rollout.refusal import BadInput

FEWEST = 30


@dataclass(frozen=True, slots=True)
class Slice:
    """One part and its scores; `small` where its n says little."""

    name: str
    scores: Scores
    small: bool


def slices(p: ArrayLike, y: ArrayLike, labels: Sequence[object], fewest: int = FEWEST) -> tuple[Slice, ...]:
    """Return the scores of every part, largest first; `labels` names the part of each row.

    >>> [(part.name, part.scores.n) for part in slices([0.6, 0.7, 0.2], [1, 1, 0], ["BOS", "BOS", "LAL"])]
    [('BOS', 2), ('LAL', 1)]
    """
    forecasts, outcomes = np.asarray(p, dtype=np.float64), np.asarray(y, dtype=np.float64)
    names = np.array([str(label) for label in labels], dtype=object)
    if names.size != forecasts.size:
        raise BadInput("labels", f"{names.size} labels for {forecasts.size} forecasts")
    parts = []
    for name in sorted(set(names.tolist())):
        own = names == name
        found = scores(forecasts[own], outcomes[own])
        parts.append(Slice(name, found, found.n < fewest))
    return tuple(sorted(parts, key=lambda part: -part.scores.n))
