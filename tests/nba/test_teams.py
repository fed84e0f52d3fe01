"""Team codes: thirty franchises, other sources' letters, and a clear word on what is unknown."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from tasks.nba.teams import ALIASES, TEAMS, team_code
from tasks.rollout.refusal import BadInput


def test_there_are_thirty_franchises_and_no_alias_hides_one() -> None:
    assert len(TEAMS) == 30
    assert not set(ALIASES) & set(TEAMS)
    assert set(ALIASES.values()) <= set(TEAMS)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        *[
            ("PHO", "PHX"),
            ("BRK", "BKN"),
            ("NJN", "BKN"),
            ("CHH", "CHA"),
            ("NOK", "NOP"),
            ("WSH", "WAS"),
            ("SA", "SAS"),
        ],
        *[("GS", "GSW"), ("NY", "NYK"), ("UTAH", "UTA"), ("SEA", "OKC"), (" bos ", "BOS"), ("denver nuggets", "DEN")],
    ],
)
def test_the_letters_of_other_sources_are_understood(name: str, code: str) -> None:
    assert team_code(name) == code


@pytest.mark.parametrize(("name", "nearest"), [("LAK", "LAL"), ("Boston Celtic", "BOS"), ("MEMM", "MEM")])
def test_an_unknown_team_is_refused_with_the_nearest(name: str, nearest: str) -> None:
    with pytest.raises(BadInput, match=f"unknown team {name!r}; the nearest is {nearest!r}"):
        team_code(name)


def test_a_name_like_no_team_is_refused_with_the_list() -> None:
    with pytest.raises(BadInput, match="known are ATL, BKN"):
        team_code("?!")


def test_every_franchise_of_the_real_seasons_is_known(nba_data: Path) -> None:
    games = pd.read_csv(nba_data / "games.csv.gz", usecols=["season", "home", "away"])
    recent = games[games["season"] >= 1960]
    assert set(recent["home"]) | set(recent["away"]) == set(TEAMS)
