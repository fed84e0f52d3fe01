"""The thirty franchises by today's three letters, and the letters that other sources use for them."""

from __future__ import annotations

from difflib import get_close_matches
from types import MappingProxyType

from tasks.rollout.refusal import BadInput

TEAMS: MappingProxyType[str, str] = MappingProxyType(
    {
        "ATL": "Atlanta Hawks",
        "BKN": "Brooklyn Nets",
        "BOS": "Boston Celtics",
        "CHA": "Charlotte Hornets",
        "CHI": "Chicago Bulls",
        "CLE": "Cleveland Cavaliers",
        "DAL": "Dallas Mavericks",
        "DEN": "Denver Nuggets",
        "DET": "Detroit Pistons",
        "GSW": "Golden State Warriors",
        "HOU": "Houston Rockets",
        "IND": "Indiana Pacers",
        "LAC": "Los Angeles Clippers",
        "LAL": "Los Angeles Lakers",
        "MEM": "Memphis Grizzlies",
        "MIA": "Miami Heat",
        "MIL": "Milwaukee Bucks",
        "MIN": "Minnesota Timberwolves",
        "NOP": "New Orleans Pelicans",
        "NYK": "New York Knicks",
        "OKC": "Oklahoma City Thunder",
        "ORL": "Orlando Magic",
        "PHI": "Philadelphia 76ers",
        "PHX": "Phoenix Suns",
        "POR": "Portland Trail Blazers",
        "SAC": "Sacramento Kings",
        "SAS": "San Antonio Spurs",
        "TOR": "Toronto Raptors",
        "UTA": "Utah Jazz",
        "WAS": "Washington Wizards",
    }
)

ALIASES: MappingProxyType[str, str] = MappingProxyType(
    {
        "BRK": "BKN",
        "BK": "BKN",
        "NJN": "BKN",
        "NJ": "BKN",
        "CHO": "CHA",
        "CHH": "CHA",
        "GS": "GSW",
        "NY": "NYK",
        "NO": "NOP",
        "NOH": "NOP",
        "NOK": "NOP",
        "PHO": "PHX",
        "SA": "SAS",
        "SEA": "OKC",
        "UTAH": "UTA",
        "UTH": "UTA",
        "VAN": "MEM",
        "WSH": "WAS",
        "WSB": "WAS",
    }
)


def team_code(name: str) -> str:
    """Return today's three letters of the franchise that `name` stands for: a code, an alias or a full name.

    Raises BadInput for an unknown team and names the nearest one.

    >>> team_code("PHO"), team_code("bos"), team_code("Utah Jazz")
    ('PHX', 'BOS', 'UTA')
    >>> team_code("BSO")
    Traceback (most recent call last):
    ...
    tasks.rollout.refusal.BadInput: team: unknown team 'BSO'; the nearest is 'BOS' (Boston Celtics)
    """
    known = {code: code for code in TEAMS} | dict(ALIASES) | {full.upper(): code for code, full in TEAMS.items()}
    asked = name.strip().upper()
    if asked in known:
        return known[asked]
    near = get_close_matches(asked, list(known), n=1, cutoff=0.4)
    hint = f"the nearest is {known[near[0]]!r} ({TEAMS[known[near[0]]]})" if near else f"known are {', '.join(TEAMS)}"
    raise BadInput("team", f"unknown team {name!r}; {hint}")
