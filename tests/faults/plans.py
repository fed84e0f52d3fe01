"""The plans that are killed: what was before, what happens, and under which policy."""

from __future__ import annotations

from dataclasses import dataclass, field

from faults.world import BAD, Step


@dataclass(frozen=True, slots=True)
class Plan:
    """A story. before: steps that are not killed; steps: those that are."""

    before: tuple[Step, ...]
    steps: tuple[Step, ...]
    policy: dict[str, object] = field(default_factory=dict)


def nights(first: int, *kinds: str) -> tuple[Step, ...]:
    """Return mornings from day `first` on: the slate of that night, the results of the last one, a tick.

    The first morning only locks its slate. A slate is locked before the tick, so that a rollback has games to move.
    """
    steps = [_slate(first, kinds[0])]
    for day, kind in enumerate(kinds, first + 1):
        following = kinds[day - first] if day - first < len(kinds) else "good"
        wins = 12 if kind.startswith("bad") else 7
        steps += [_slate(day, following), Step("results", day, {"wins": wins}), Step("tick", day)]
    return tuple(steps)


def _slate(day: int, kind: str) -> Step:
    said: dict[str, object] = {"p": BAD} if kind == "bad" else {"bad": "3"} if kind == "bad 3" else {}
    return Step("slate", day, said)


def released(label: str, day: int, **args: object) -> Step:
    """Return the release of a model folder."""
    return Step("release", day, {"label": label, **args})


CHAMPION = (released("v1", 1),)
PROMOTED = (*CHAMPION, released("v2", 2), *nights(2, "good", "good", "good", "good"))

PLANS = {
    "first": Plan((), (released("v1", 1), Step("tick", 2))),
    "all pass": Plan(
        CHAMPION,
        (released("v2", 2), *nights(2, "good", "good", "good", "good", "good"), Step("tick", 8)),
        {"ladder": [5, 25, 50]},
    ),
    "fails in validation": Plan(CHAMPION, (released("v2", 2, verdict="FAIL"), Step("tick", 3))),
    "fails in shadow": Plan(CHAMPION, (released("v2", 2), *nights(2, "bad"))),
    "fails at 25 %": Plan(CHAMPION, (released("v2", 2), *nights(2, "good", "bad"))),
    "fails in the bake": Plan(CHAMPION, (released("v2", 2), *nights(2, "good", "good", "good", "bad"))),
    "approval": Plan(
        CHAMPION,
        (released("v2", 2), *nights(2, "good"), Step("approve", 3, {"step": 0}), *nights(4, "good")),
        {"approval": {"before": [25]}},
    ),
    "supersede": Plan(
        CHAMPION,
        (released("v2", 2), *nights(2, "good"), released("v3", 4), *nights(4, "good")),
    ),
    "restore": Plan(PROMOTED, (Step("rollback", 7, {"to": "1"}), Step("tick", 8))),
    "abort": Plan(PROMOTED, (released("v3", 7), *nights(7, "good"), Step("rollback", 8), Step("tick", 9))),
    "declined": Plan(
        CHAMPION,
        (released("v2", 2), *nights(2, "good"), Step("approve", 3, {"step": 0, "answer": "no"}), Step("tick", 4)),
        {"approval": {"before": [25]}},
    ),
    "test of three": Plan(
        (*CHAMPION, Step("register", 1, {"label": "v2"}), Step("register", 1, {"label": "v3"})),
        (released("v2", 2), *nights(2, "good", "bad 3", "good", "good", "good"), Step("tick", 8)),
        {"strategy": "ab", "arms": {"1": 70, "2": 20, "3": 10}, "n_max": 40},
    ),
    "hold and resume": Plan(
        CHAMPION, (released("v2", 2), Step("hold", 2), *nights(2, "good"), Step("resume", 3), Step("tick", 4))
    ),
}

UP_TO_THE_PROMOTION = (released("v2", 2), *nights(2, "good", "good", "good"))
PROMOTION = Plan((*CHAMPION, *UP_TO_THE_PROMOTION[:-1]), UP_TO_THE_PROMOTION[-1:])
"""The one tick that moves the champion."""

RETREAT = Plan((*CHAMPION, released("v2", 2), *nights(2, "good", "good", "good", "bad")[:-1]), (Step("tick", 6),))
"""The one tick that takes the champion back."""
