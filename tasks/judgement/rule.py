"""What is frozen in the plan before the first look: the bounds on both errors, the margin, and the ladder."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass

from tasks.judgement.evidence import log_level
from tasks.judgement.paired import SCORES
from tasks.rollout.refusal import BadInput


@dataclass(frozen=True, slots=True)
class Rule:
    """The decision rule. Changing any of it after a look breaks the guarantee, so a rollout pins its digest.

    q_bar: mean variance allowance on the holdout; challengers: arms that share both errors; holds: whether a look may
    HOLD, which only makes sense where a person can resume (elsewhere such a look waits, and the guard is only shown).
    """

    q_bar: float
    margin: float = 0.01
    alpha: float = 0.10
    beta: float = 0.05
    n_max: int = 600
    ladder: tuple[int, ...] = (5, 25, 50)
    score: str = "brier"
    clip: float = 0.01
    min_nights: int = 3
    min_units: int = 20
    min_coverage: float = 0.9
    guard_factor: float = 4.0
    guard_alpha: float = 0.01
    challengers: int = 1
    holds: bool = True

    def __post_init__(self) -> None:
        """Refuse a rule that could not be judged by, naming the field."""
        climbs = list(self.ladder) == sorted(set(self.ladder))
        wanted = {
            "q_bar": (0 <= self.q_bar < float("inf"), "a mean of squares: finite, at least 0"),
            "margin": (0 < self.margin < float("inf"), "above 0: how much worse may a challenger be?"),
            "alpha": (0 < self.alpha < 1, "within (0, 1)"),
            "beta": (0 < self.beta < 1, "within (0, 1)"),
            "n_max": (self.n_max >= 1, "at least 1"),
            "ladder": (climbs and all(0 < step <= 100 for step in self.ladder), "rising percents within (0, 100]"),
            "score": (self.score in SCORES, f"one of {', '.join(SCORES)}"),
            "clip": (0 < self.clip < 0.5, "within (0, 0.5)"),
            "min_coverage": (0 <= self.min_coverage <= 1, "within [0, 1]"),
            "guard_factor": (self.guard_factor > 0, "above 0"),
            "guard_alpha": (0 <= self.guard_alpha < 1, "within [0, 1)"),
            "challengers": (self.challengers >= 1, "at least 1"),
        }
        for field, (fine, meaning) in wanted.items():
            if not fine:
                raise BadInput(field, f"{getattr(self, field)} cannot be used; it must be {meaning}")

    @property
    def levels(self) -> tuple[float, float]:
        """Return the boundaries log(1/alpha) and log(1/beta), each error split among the challengers."""
        return log_level(self.alpha, self.challengers), log_level(self.beta, self.challengers)

    @property
    def digest(self) -> str:
        """Return the sha256 of the rule's fields."""
        return hashlib.sha256(repr(sorted(asdict(self).items())).encode()).hexdigest()
