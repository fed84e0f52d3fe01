"""Who answers which share of the requests at each stage: a pure function of plan, stage and step."""

from __future__ import annotations

from dataclasses import dataclass

from tasks.rollout.plan import RESTORE, Plan
from tasks.rollout.stage import FLIPPED, Stage


@dataclass(frozen=True, slots=True)
class Arm:
    """One version that scores every unit and answers `weight` percent of them."""

    version: str
    role: str
    weight: int

    def to_dict(self) -> dict[str, object]:
        """Return the arm as it is written into the table."""
        return {"version": self.version, "role": self.role, "weight": self.weight}


@dataclass(frozen=True, slots=True)
class Routes:
    """The whole route table: challengers first, then the champion; `fallback` answers when the champion cannot."""

    salt: str
    arms: tuple[Arm, ...]
    fallback: str | None

    def to_dict(self) -> dict[str, object]:
        """Return the table as it is written into every event."""
        return {"salt": self.salt, "arms": [arm.to_dict() for arm in self.arms], "fallback": self.fallback}


def routes_of(plan: Plan, stage: Stage, step: int, dropped: tuple[str, ...] = (), winner: str | None = None) -> Routes:
    """Return the routes in force at a stage; `step` counts the ladder from 0.

    An arm of weight 0 is a shadow: it scores and never answers. dropped: arms of a test that failed, whose keys are
    returned to the champion in their place, so that no other key moves; winner: the arm that was promoted.
    """
    if stage in FLIPPED:
        return _after_the_flip(plan, winner or plan.to_version)
    if plan.from_version is None:
        return Routes(plan.salt, (), None)
    champion = plan.from_version
    if stage is Stage.SHADOW:
        challengers = tuple(Arm(version, "challenger", 0) for version in plan.challengers)
    elif stage is Stage.CANARY:
        shares = plan.arms or {plan.to_version: plan.steps[step]}
        challengers = tuple(Arm(version, "challenger", shares[version]) for version in plan.challengers)
    else:
        challengers = ()
    challengers = tuple(Arm(champion, "returned", a.weight) if a.version in dropped else a for a in challengers)
    challengers = tuple(arm for arm in challengers if arm.role == "challenger" or arm.weight)
    left = 100 - sum(arm.weight for arm in challengers)
    return Routes(plan.salt, (*challengers, Arm(champion, "champion", left)), plan.fallback_before)


def _after_the_flip(plan: Plan, to: str) -> Routes:
    champion = Arm(to, "champion", 100)
    if plan.strategy == RESTORE:
        return Routes(plan.salt, (champion,), plan.fallback_after)
    if plan.from_version is None:
        return Routes(plan.salt, (champion,), None)
    return Routes(plan.salt, (Arm(plan.from_version, "fallback", 0), champion), plan.from_version)
