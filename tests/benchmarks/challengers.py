"""Seeded seasons of a champion and a challenger whose true difference in loss is known game by game."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.judgement.ledger import Ledger

Array = NDArray[np.float64]
Rng = np.random.Generator

GAMES, NIGHTS, ERROR = 1230, 164, 0.05
HOLDOUT_GAMES, HOLDOUT_NIGHTS = 200, 30


@dataclass(frozen=True, slots=True)
class World:
    """Games before they are played: night, true probability, the champion's error and noise for the challenger's."""

    night: NDArray[np.int_]
    truth: Array
    error: Array
    rng: Rng


@dataclass(frozen=True, slots=True)
class Season:
    """A season that can be judged, q_bar of its holdout, and the true mean difference after each game."""

    ledger: Ledger
    q_bar: float
    difference: Array


Make = Callable[[World], tuple[Array, Array]]
Excess = Callable[[NDArray[np.int_]], Array]


def architecture(excess: float = 0.0, alike: float = 0.3) -> Make:
    """Return a challenger whose error has the champion's size and correlation `alike`, plus `excess` of Brier."""

    def make(world: World) -> tuple[Array, Array]:
        own = world.rng.normal(0.0, ERROR, len(world.truth))
        more = world.rng.normal(0.0, np.sqrt(excess), len(world.truth))
        new = world.truth + alike * world.error + np.sqrt(1.0 - alike**2) * own + more
        return world.truth + world.error, new

    return make


def exactly(excess: Excess, size: float = 0.2, astray: float = 0.0) -> Make:
    """Return a challenger that is worse by exactly `excess` of Brier in every game of a night.

    astray: share of games in which it errs to the other side of the truth than the champion. With 0 the two differ as
    little as they can for that excess, which makes it the hardest to tell.
    """

    def make(world: World) -> tuple[Array, Array]:
        world.truth[:] = 0.5 + 0.4 * (world.truth - 0.5)
        side = world.rng.choice([-1.0, 1.0], len(world.truth))
        other = np.where(world.rng.random(len(side)) < astray, -side, side)
        phase = int(world.rng.integers(60))
        return world.truth + side * size, world.truth + other * np.sqrt(size**2 + excess(world.night + phase))

    return make


def broken(fault: Callable[[Array, Rng], Array]) -> Make:
    """Return a challenger that was sound on the holdout and answers a fault of its champion's forecasts live."""

    def make(world: World) -> tuple[Array, Array]:
        old, new = architecture()(world)
        spoilt = fault(new, world.rng)
        return old, np.where(world.night < 0, new, spoilt)

    return make


def shocked(excess: float = 0.0) -> Make:
    """Return a challenger that leans to one side each night, while every game of a night shares an unseen shock."""

    def make(world: World) -> tuple[Array, Array]:
        old, new = architecture(excess)(world)
        leaning, shock = world.rng.normal(0.0, [[0.04], [0.08]], (2, NIGHTS + HOLDOUT_NIGHTS))
        world.truth[:] = np.clip(world.truth + shock[world.night], 0.02, 0.98)
        return old, new + leaning[world.night]

    return make


def overconfident(p: Array) -> Array:
    """Return forecasts whose log odds are stretched by half."""
    odds = (np.clip(p, 0.01, 0.99) / (1.0 - np.clip(p, 0.01, 0.99))) ** 1.5
    return odds / (1.0 + odds)


def bursts(mean: float) -> Excess:
    """Return an excess that is .03 above its level for 6 nights in 30, and below it on the others."""
    return lambda night: mean + np.where(night % 30 < 6, 0.024, -0.006)


def alternating(mean: float) -> Excess:
    """Return an excess that is .03 better one night and .03 worse the next."""
    return lambda night: mean + np.where(night % 2 == 0, 0.03, -0.03)


def constant(mean: float) -> Excess:
    """Return the same excess for every game."""
    return lambda night: np.full(len(night), mean)


CHALLENGERS: dict[str, Make] = {
    "equal retrain": architecture(alike=0.95),
    "equal new architecture": architecture(),
    "worse by .005": architecture(0.005),
    "worse by .01 (the margin)": architecture(0.01),
    "worse by .02": architecture(0.02),
    "overconfident": broken(lambda p, rng: overconfident(p)),
    "random": broken(lambda p, rng: rng.uniform(0.05, 0.95, len(p))),
    "flipped": broken(lambda p, rng: 1.0 - p),
    "constant": broken(lambda p, rng: np.full(len(p), 0.6)),
    "half the features missing": broken(lambda p, rng: np.where(rng.random(len(p)) < 0.5, 0.6, p)),
    "half the answers missing": broken(lambda p, rng: np.where(rng.random(len(p)) < 0.5, np.nan, p)),
    "exactly equal, every game": exactly(constant(0.0), size=ERROR, astray=0.5),
    "exactly the margin, every game": exactly(constant(0.01)),
    "nightly shocks, equal": shocked(),
    "nightly shocks, the margin": shocked(0.01),
    "bursts, equal on average": exactly(bursts(0.0)),
    "bursts, the margin on average": exactly(bursts(0.01)),
    "alternating, equal on average": exactly(alternating(0.0)),
    "alternating, the margin on average": exactly(alternating(0.01)),
}


def play(make: Make, rng: Rng) -> Season:
    """Return a season of 1,230 games in 164 nights of uneven length, after a holdout of 30 nights below 0."""
    night = np.concatenate([rng.integers(-HOLDOUT_NIGHTS, 0, HOLDOUT_GAMES), np.sort(rng.integers(0, NIGHTS, GAMES))])
    truth = 1.0 / (1.0 + np.exp(-rng.normal(0.4, 0.7, len(night))))
    world = World(night, np.clip(truth, 0.12, 0.88), rng.normal(0.0, ERROR, len(night)), rng)
    old, new = (np.clip(p, 0.005, 0.995) for p in make(world))
    answered = ~np.isnan(new)
    new = np.where(answered, new, old)
    before, live = night < 0, night >= 0
    won = (rng.random(len(night)) < world.truth).astype(float)
    true = (new - world.truth) ** 2 - (old - world.truth) ** 2
    names = tuple(f"{k:03d}" for k in range(NIGHTS))
    ledger = Ledger(
        nights=names,
        night=night[live],
        unit=np.arange(GAMES).astype(object),
        p_old=old[live],
        p_new=new[live],
        y=won[live],
        answered=answered[live],
        closed=names,
    )
    q_bar = float(np.mean((new[before] - old[before]) ** 2))
    return Season(ledger, q_bar, np.cumsum(true[live]) / np.arange(1, GAMES + 1))
