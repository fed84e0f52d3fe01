"""Ledgers made by hand and by seed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from numpy.typing import ArrayLike

from tasks.judgement.ledger import Ledger

MakeLedger = Callable[..., Ledger]


@pytest.fixture(scope="session")
def make_ledger() -> MakeLedger:
    """Return a ledger of columns: nights as numbers, every night closed unless named."""

    def make(
        night: ArrayLike,
        p_old: ArrayLike,
        p_new: ArrayLike,
        y: ArrayLike,
        answered: ArrayLike | None = None,
        closed: Sequence[str] | None = None,
        **marks: object,
    ) -> Ledger:
        codes = np.asarray(night, dtype=int)
        names = tuple(f"2024-{1 + k // 28:02d}-{1 + k % 28:02d}" for k in range(int(codes.max(initial=-1)) + 1))
        said = np.ones(len(codes), dtype=bool) if answered is None else np.asarray(answered, dtype=bool)
        return Ledger(
            nights=names,
            night=codes,
            unit=np.array([f"g{i}" for i in range(len(codes))], dtype=object),
            p_old=np.asarray(p_old, dtype=float),
            p_new=np.asarray(p_new, dtype=float),
            y=np.asarray(y, dtype=float),
            answered=said,
            closed=names if closed is None else tuple(closed),
            **marks,  # type: ignore[arg-type]  # the remaining fields by name
        )

    return make


@pytest.fixture(scope="session")
def season(make_ledger: MakeLedger) -> Callable[..., Ledger]:
    """Return a seeded season: truth, a champion about it, a challenger with its own noise and bias."""

    def make(
        seed: int = 0, games: int = 1230, nights: int = 164, noise: float = 0.04, bias: float = 0.0, **columns: object
    ) -> Ledger:
        rng = np.random.default_rng(seed)
        truth = rng.uniform(0.25, 0.75, games)
        old = np.clip(truth + rng.normal(0, 0.04, games), 0.01, 0.99)
        new = np.clip(truth + rng.normal(0, noise, games) + bias * rng.choice([-1, 1], games), 0.01, 0.99)
        y = rng.random(games) < truth
        night = np.arange(games) * nights // games
        return make_ledger(night, old, new, y, **columns)

    return make


@pytest.fixture(scope="session")
def harmful(make_ledger: MakeLedger) -> MakeLedger:
    """Return ten games a night, all lost by the home team that the challenger believes in."""

    def make(nights: int = 10, **columns: object) -> Ledger:
        n = nights * 10
        return make_ledger(np.repeat(np.arange(nights), 10), np.full(n, 0.5), np.full(n, 0.8), np.zeros(n), **columns)

    return make


@pytest.fixture(scope="session")
def even(make_ledger: MakeLedger) -> MakeLedger:
    """Return two forecasters a hair apart who take turns at being right."""

    def make(nights: int = 30, a_night: int = 10, **columns: object) -> Ledger:
        n = nights * a_night
        night = np.repeat(np.arange(nights), a_night)
        return make_ledger(night, np.full(n, 0.5), np.full(n, 0.52), np.arange(n) % 2, **columns)

    return make
