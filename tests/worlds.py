"""A whole world in one folder, made in this process: seasons, a champion, a challenger in the middle of its rollout.

The folder is laid out as the home of an embedded stack, so the command reads it and a stack can be started in it.
"""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from plainly import plainly

from blocks.__main__ import platform_of, words
from blocks.platform import Platform
from tasks.calendar import Night, noon
from tasks.records import head
from tasks.rollout.fold import Rollout
from tasks.rollout.stage import Stage

MODEL = "nba-win"
PAST, SEED, SEASON = 5, 7, 2020
WINDOW = {"seasons": 3, "holdout": 300}
NIGHTS = 3


@dataclass(frozen=True, slots=True)
class World:
    """A home folder and the platform on it. The flows run plainly: their own bodies, without Prefect's engine."""

    home: Path

    @property
    def platform(self) -> Platform:
        """The platform whose systems all live in the home."""
        said = {
            "--tracking-uri": f"sqlite:///{self.home / 'mlflow.db'}",
            "--store-url": f"sqlite:///{self.home / 'store.db'}",
            "--games": str(self.home / "games"),
            "--publications": str(self.home / "published"),
            "--notices": str(self.home / "notices.jsonl"),
        }
        return platform_of(words([word for pair in said.items() for word in pair]), "")

    @property
    def rollout(self) -> Rollout:
        """The newest rollout."""
        found = head(self.platform.registry, MODEL)
        assert found is not None
        return found

    def run(self, flow: Any, *arguments: Any, **named: Any) -> Any:
        """Run a flow's body on this world; files of new MLflow experiments land in the home."""
        plain: Callable[..., Any] = plainly(flow, self.platform)
        with contextlib.chdir(self.home):
            return plain(*arguments, **named)

    def nights(self) -> Iterator[Night]:
        """Return the nights of the season that is played, in order."""
        from deployments.demo.replay import season_dates

        for date in season_dates(self.platform, SEASON):
            games = self.platform.source.slate(date, noon(date).replace(hour=5))
            if (games["status"] != "void").any():
                yield Night(date, games["tip"].min().to_pydatetime())

    def unplayed(self) -> Iterator[Night]:
        """Return the nights that no slate was locked for yet."""
        locked = set(self.platform.store.slates(MODEL)["slate"])
        return (night for night in self.nights() if night.date not in locked)

    def play(self, night: Night, tick: bool = True) -> None:
        """Score a night, settle it the morning after, and look at the rollout."""
        from flows.canary_promote import canary_promote
        from flows.score_slate import score_slate
        from flows.settle import settle

        self.run(score_slate, MODEL, date=night.date, now=night.scored)
        self.run(settle, MODEL, now=night.morning)
        if tick:
            self.run(canary_promote, MODEL, now=night.morning)

    def copy(self, to: Path) -> World:
        """Return a copy that may be changed.

        MLflow remembers in a process where a run's files go, so this process would write a copied run's files into
        the folder it was copied from.
        """
        shutil.copytree(self.home, to)
        old, new = str(self.home), str(to)
        with contextlib.closing(sqlite3.connect(to / "mlflow.db")) as record, record:
            for table, column in ARTIFACT_PATHS:
                record.execute(f"UPDATE {table} SET {column} = replace({column}, ?, ?)", (old, new))
        return World(to)


ARTIFACT_PATHS = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
    ("model_versions", "storage_location"),
)


def opening(world: World, season: int) -> datetime:
    """Return noon of the day before a season's first games."""
    from deployments.demo import replay

    return replay.opening(world.platform, season)


def with_champion(home: Path) -> World:
    """Make a world whose first version is champion, on the eve of the season."""
    from blocks.sources.drop import write_season
    from flows.retrain import retrain
    from tasks.nba.seasons import generate_seasons

    world = World(home)
    (home / "games").mkdir(parents=True)
    for season in generate_seasons(SEASON - PAST, PAST + 1, SEED):
        write_season(home / "games", season.games, f"season-{season.season}.csv.gz")
    world.platform.store.migrate()
    world.run(retrain, MODEL, **WINDOW, now=opening(world, SEASON - 1), by="tests")
    return world


def in_canary(home: Path) -> World:
    """Make a world whose challenger serves a share after some nights: its rollout is live in CANARY."""
    from flows.retrain import retrain

    world = with_champion(home)
    world.run(retrain, MODEL, **WINDOW, now=opening(world, SEASON), by="tests")
    for night in list(world.nights())[:NIGHTS]:
        world.play(night)
    assert world.rollout.stage is Stage.CANARY, world.rollout.stage
    return world
