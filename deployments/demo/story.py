"""The main job from nothing: a first champion, an honest challenger, a faulty one, a drift, tonight's slate."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from blocks.platform import Platform
from deployments.demo.defect import SwapsWhenScheduled, faulty
from deployments.demo.replay import Replay, opening
from flows.release import release
from flows.retrain import retrain
from flows.score_slate import score_slate
from tasks.calendar import Night
from tasks.nba.features import training_frame
from tasks.nba.models import logistic
from tasks.nba.training import model_input, trusted_types
from tasks.records import every
from tasks.registry import Window, cut, trained
from tasks.rollout.fold import Rollout

FEWEST_NIGHTS = 30
MOST_NIGHTS = 90
WINDOW = Window(seasons=4, holdout=300)
KIND: Literal["logistic"] = "logistic"


@dataclass(slots=True)
class Story:
    """The whole demo over a running platform; what happens follows from the games and the rules.

    defect: whether the second challenger carries the fault. tell: gets a line per step, and the count of nights.
    """

    platform: Platform
    name: str
    model: str
    season: int
    defect: bool = True
    tell: Callable[[str, int], None] = lambda line, nights: None
    slate: dict[str, Any] = field(default_factory=dict)
    replay: Replay = field(init=False)
    now: datetime = field(init=False)

    def __post_init__(self) -> None:
        """Prepare the replay; nothing is asked of any system yet."""
        self.replay = Replay(self.platform, self.name, self.model, self.season)

    def play(self) -> None:
        """Run everything in order; raise what stops it."""
        self.begin()
        nights = self.replay.calendar()
        self.try_the_next(nights)
        self.try_another(nights)
        self._until_it_drifts(nights)
        tonight = next(nights)
        self._say(f"score tonight's slate, {tonight.date}")
        self.slate = score_slate(self.model, self.name, tonight.date, tonight.scored)

    def begin(self) -> None:
        """Train the first champion before the season ahead of the one that is played."""
        self._say("train on past seasons, register, validate, install the first champion")
        self._retrain(opening(self.platform, self.season - 1), "the first model")

    def try_the_next(self, nights: Iterator[Night]) -> None:
        """Train the same kind of model one season later and play nights until it is decided."""
        self._say("train the same kind of model one season later and release it as a challenger")
        self._retrain(opening(self.platform, self.season), "the new season")
        self._until_decided(nights, "honest challenger")

    def try_another(self, nights: Iterator[Night]) -> None:
        """Release what a colleague trained, with the defect or without, and play nights until it is decided."""
        self._release_a_colleagues(self.now)
        self._until_decided(nights, "faulty challenger" if self.defect else "second challenger")

    @property
    def rollouts(self) -> list[Rollout]:
        """Return every rollout of the demo's model, oldest first."""
        return every(self.platform.registry, self.model)

    def served_by(self, version: str) -> set[str]:
        """Return the batch games that a version answered while it was the challenger."""
        sealed = self.platform.store.predictions(self.model, versions=[version])
        rows = [row for row in sealed.to_dict("records") if row["served"] and row["role"] == "challenger"]
        return {str(row["unit"]) for row in rows}

    def _say(self, line: str) -> None:
        self.tell(line, self.replay.nights)

    def _retrain(self, now: datetime, by: str) -> None:
        retrain(self.model, self.name, KIND, WINDOW.seasons, WINDOW.holdout, now=now, by=by)
        self.now = now

    def _release_a_colleagues(self, now: datetime) -> None:
        """Hand in a model that somebody trained elsewhere; its live path differs from the one it was trained with."""
        self._say("release a challenger whose live path swaps home and away" if self.defect else "release a second one")
        games = cut(training_frame(self.platform.source.history(now)), WINDOW)
        pipeline = faulty() if self.defect else logistic()
        pipeline.fit(model_input(games), games["home_win"].to_numpy(dtype=int))
        found = trained(self.model, KIND, games, pipeline, 0)
        found = found.trusting([*trusted_types(), f"{SwapsWhenScheduled.__module__}.{SwapsWhenScheduled.__qualname__}"])
        release(self.platform.registry.log_model(self.model, found), self.model, self.name, now, "a colleague")

    def _until_decided(self, nights: Iterator[Night], who: str) -> None:
        while self.replay.nights < MOST_NIGHTS:
            rollout = self._night(next(nights))
            if rollout is None or not rollout.live:
                return
            self._say(f"{who}: {rollout.stage.value} at {rollout.weight} %" + (", held" if rollout.held else ""))

    def _until_it_drifts(self, nights: Iterator[Night]) -> None:
        while self.replay.nights < MOST_NIGHTS:
            drifted = any(alert["type"] == "feature_drift" for alert in self.replay.alerts)
            if drifted and self.replay.nights >= FEWEST_NIGHTS:
                return
            self._night(next(nights))
            self._say("the champion serves alone; a block of neutral-site games is coming")

    def _night(self, night: Night) -> Rollout | None:
        rollout = self.replay.play(night)
        self.now = night.morning
        return rollout
