"""A rollout with a real store: slates, seals, results and a journal, night by night."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from building_rollouts import go, plan
from pydantic import SecretStr

from blocks.store import Store
from tasks.rollout.fold import Rollout
from tasks.rollout.stage import EventType

MODEL = "nba-win"
START = datetime(2019, 1, 5, 12, tzinfo=UTC)


@dataclass
class League:
    """A store, a rollout of version 2 against 1 that began at START, and the nights since."""

    store: Store
    rollout: Rollout
    nights: int = 0
    rng: np.random.Generator = field(default_factory=lambda: np.random.default_rng(5))

    @property
    def now(self) -> datetime:
        """The morning after the last night."""
        return START + timedelta(days=self.nights, hours=6)

    def night(self, old: Sequence[object], new: Sequence[object], outcome: Sequence[float]) -> None:
        """Play one night: lock, seal both forecasts, record the results."""
        tip = START + timedelta(days=self.nights, hours=12)
        slate = tip.date().isoformat()
        units = [f"{slate}-{k}" for k in range(len(outcome))]
        manifest = {"games": [{"game_id": unit, "tip": tip.isoformat()} for unit in units]}
        self.store.lock_manifest(MODEL, slate, manifest, tip - timedelta(hours=1))
        shared = {"slate": slate, "made_at": tip - timedelta(hours=1), "tip_at": tip, "features": None, "served": True}
        seals = [
            {**shared, "unit": unit, "version": version, "role": "champion", "p": p}
            for version, forecasts in (("1", old), ("2", new))
            for unit, p in zip(units, forecasts, strict=True)
        ]
        self.store.seal(MODEL, pd.DataFrame(seals))
        told = [
            {"unit": unit, "slate": slate, "status": "final", "outcome": y, "details": None}
            for unit, y in zip(units, outcome, strict=True)
        ]
        self.store.record_outcomes(MODEL, pd.DataFrame(told), tip + timedelta(hours=4))
        self.nights += 1

    def even_nights(self, nights: int, games: int = 10) -> None:
        """Play nights on which both take turns at being right."""
        for _ in range(nights):
            self.night([0.5] * games, [0.52] * games, [float(k % 2) for k in range(games)])

    def requests(
        self, n: int, errors: tuple[float, float] = (0.0, 0.0), slow: tuple[float, float] = (0.0, 0.0), day: int = 0
    ) -> None:
        """Journal a day's requests: the champion answers, the challenger in shadow; shares of bad ones (old, new)."""
        start = START + timedelta(days=day, hours=1)
        rows = []
        for k in range(n):
            at = start + timedelta(hours=8) * (k / n)
            for place, version in enumerate("12"):
                bad = bool(self.rng.random() < errors[place])
                rows.append(
                    {
                        "model": MODEL,
                        "request_id": f"{day}-{k}",
                        "version": version,
                        "key": f"{day}-{k}",
                        "role": "challenger" if place else "champion",
                        "served": not place and not bad,
                        "latency_ms": 200.0 if self.rng.random() < slow[place] else 2.0,
                        "error": "ValueError: no" if bad else None,
                        "output": None if bad else 0.5,
                        "at": at,
                    }
                )
        self.store.ship_journal(rows)


@pytest.fixture
def league(tmp_path: Path) -> Callable[..., League]:
    """Return a league under a policy, its rollout in shadow."""

    def make(**policy: object) -> League:
        store = Store(url=SecretStr(f"sqlite:///{tmp_path / 'store.db'}"))
        store.migrate()
        rollout = Rollout("run-1", plan(**{"freeze": {"until": "never"}, **policy}))
        for kind in (EventType.VALIDATE, EventType.START):
            rollout = go(rollout, kind)
        return League(store, rollout)

    return make
