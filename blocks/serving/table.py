"""Routes with models behind them: one immutable value, swapped by one assignment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from blocks.serving.router import arm_of, champion_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from blocks.serving.handle import ModelHandle


@dataclass(frozen=True, slots=True)
class Seat:
    """One arm of the routes whose version is loaded."""

    version: str
    role: str
    model: ModelHandle


@dataclass(frozen=True, slots=True)
class Table:
    """Say which loaded version answers a key; keys of versions that are not loaded are the champion's."""

    routes: Mapping[str, Any]
    seats: Mapping[str, Seat]
    champion: Seat
    fallback: Seat | None

    def seat_of(self, key: str) -> Seat:
        """Return the seat that answers a key."""
        return self.seats.get(arm_of(self.routes, key)["version"], self.champion)

    def others(self, seat: Seat) -> list[Seat]:
        """Return every other arm's seat: what scores the same rows in shadow."""
        return [other for other in self.seats.values() if other.version != seat.version]

    def champion_alone(self) -> Table:
        """Return the table for a record that has been out of sight for too long."""
        arm = {"version": self.champion.version, "role": "champion", "weight": 100}
        routes = {"salt": self.routes["salt"], "arms": [arm], "fallback": self.routes["fallback"]}
        return Table(routes, {self.champion.version: self.champion}, self.champion, self.fallback)


def table_of(routes: Mapping[str, Any], loaded: Callable[[str], ModelHandle | None]) -> Table | None:
    """Return the table of what is loaded by now, None while the champion is not."""
    seats = {
        arm["version"]: Seat(arm["version"], arm["role"], model)
        for arm in routes["arms"]
        if (model := loaded(arm["version"])) is not None
    }
    champion = seats.get(champion_of(routes))
    if champion is None:
        return None
    return Table(routes, seats, champion, _fallback(routes, loaded))


def _fallback(routes: Mapping[str, Any], loaded: Callable[[str], ModelHandle | None]) -> Seat | None:
    version = routes["fallback"]
    model = loaded(version) if version else None
    return None if model is None else Seat(version, "fallback", model)
