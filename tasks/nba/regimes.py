"""What can be different about a season: each switch changes what it names and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

from tasks.rollout.refusal import BadInput

SHARES = ("begins", "late_news", "postponed", "never_played", "corrected", "duplicated")


@dataclass(frozen=True, slots=True)
class Regime:
    """Say how a generated season departs from an ordinary one.

    games: games a team. home_edge: Elo points of playing at home. neutral_games: a block of that many games on a
    neutral floor. totals: points a game more or less, both teams together. begins: the share of the season after
    which the home edge, the neutral block and the totals begin. late_news: the share of games before which one team
    loses `late_news_elo` points of strength that no feature can know. postponed, never_played, corrected, duplicated:
    shares of games that are moved to a later date on the day, called off on the day, put right two days after, told
    twice.

    >>> Regime(home_edge=34).home_edge
    34
    """

    games: int = 82
    home_edge: float = 100.0
    neutral_games: int = 0
    totals: float = 0.0
    begins: float = 0.0
    late_news: float = 0.0
    late_news_elo: float = 150.0
    postponed: float = 0.0
    never_played: float = 0.0
    corrected: float = 0.0
    duplicated: float = 0.0

    def __post_init__(self) -> None:
        for name in SHARES:
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise BadInput(name, f"is a share of the season from 0 to 1, not {getattr(self, name)}")
        if self.neutral_games < 0:
            raise BadInput("neutral_games", f"is a number of games, not {self.neutral_games}")
        if self.postponed + self.never_played > 1.0:
            raise BadInput("postponed", "and never_played are more than all games together")


ORDINARY = Regime()
REGIMES: MappingProxyType[str, Regime] = MappingProxyType(
    {
        "ordinary": ORDINARY,
        "weak_home": Regime(home_edge=34.0),
        "neutral_block": Regime(neutral_games=88, begins=0.6),
        "short_season": Regime(games=50),
        "high_totals": Regime(totals=8.0),
        "low_totals": Regime(totals=-8.0),
        "late_news": Regime(late_news=0.1),
        "postponements": Regime(postponed=0.03, never_played=0.01),
        "corrections": Regime(corrected=0.02),
        "duplicates": Regime(duplicated=0.02),
    }
)


def regime_named(name: str) -> Regime:
    """Return a regime by its name; raises BadInput with the names there are.

    >>> regime_named("short_season").games
    50
    """
    if name not in REGIMES:
        raise BadInput("regime", f"there is none named {name!r}; there are {', '.join(REGIMES)}")
    return REGIMES[name]
