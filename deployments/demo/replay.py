"""Play nights through the flows, with the clock passed in: score, serve, settle, look, monitor."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from blocks.errors import BackendError
from blocks.platform import Platform
from flows.canary_promote import canary_promote
from flows.monitor_and_alert import monitor_and_alert
from flows.score_slate import score_slate
from flows.settle import settle
from tasks.calendar import Night, noon
from tasks.records import head
from tasks.rollout.fold import Rollout

if TYPE_CHECKING:
    from datetime import datetime

REQUESTS_A_NIGHT = 20


@dataclass(slots=True)
class Replay:
    """The nights of one season, played in order. requests: answered by the gateway, by role."""

    platform: Platform
    name: str
    model: str
    season: int
    nights: int = 0
    games: int = 0
    requests: dict[str, int] = field(default_factory=dict)
    alerts: list[dict[str, Any]] = field(default_factory=list)

    def calendar(self) -> Iterator[Night]:
        """Return the season's nights in order, as the source announces them."""
        for date in season_dates(self.platform, self.season):
            games = self.platform.source.slate(date, noon(date).replace(hour=5))
            open_games = games[games["status"] != "void"]
            if len(open_games):
                yield Night(date, open_games["tip"].min().to_pydatetime())

    def play(self, night: Night) -> Rollout | None:
        """Play one night and its morning; return where the rollout stands then."""
        answer: dict[str, Any] = score_slate(self.model, self.name, night.date, night.scored)
        self.nights += 1
        self.games += len(answer["games"])
        self._serve(night, answer)
        settle(self.model, self.name, night.morning)
        canary_promote(self.model, self.name, night.morning)
        report: dict[str, Any] = monitor_and_alert(self.model, self.name, night.morning)
        self.alerts += report["opened"]
        return head(self.platform.registry, self.model)

    def _serve(self, night: Night, answer: dict[str, Any]) -> None:
        """Send a share of the night's questions to the gateway, as an app would before tip-off."""
        gateway = self.platform.gateway
        if gateway is None or not answer["games"]:
            return
        sealed = self.platform.store.predictions(self.model, slates=[night.date])
        rows = {str(row["unit"]): row["features"] for row in sealed.to_dict("records") if row["served"]}
        for number in range(REQUESTS_A_NIGHT):
            game = answer["games"][number % len(answer["games"])]
            try:
                said = gateway.predict([rows[game["game_id"]]], f"{game['game_id']}:{number}", night.scored)
            except BackendError as error:
                self.requests[f"failed: {error}"[:80]] = self.requests.get(f"failed: {error}"[:80], 0) + 1
                continue
            self.requests[said["role"]] = self.requests.get(said["role"], 0) + 1


def season_dates(platform: Platform, season: int) -> list[str]:
    """Return the dates of a season on which games are announced."""
    from blocks.sources.files import FileSource, read_games

    source = FileSource(platform.source.path)
    files = sorted(source.path.glob("*")) if source.path.is_dir() else [source.path]
    dates: set[str] = set()
    for file in files:
        games = read_games(file)
        dates |= set(games.loc[games["season"] == season, "date"].astype(str).str[:10])
    return sorted(dates)


def opening(platform: Platform, season: int) -> datetime:
    """Return noon of the day before a season's first games."""
    from datetime import timedelta

    return noon(season_dates(platform, season)[0]) - timedelta(days=1)
