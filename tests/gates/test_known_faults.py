"""Every fault that is known of the real sources, by its name, is caught in real tables: a table of sixteen and a list.

Caught means that the gate fails, or that the rows at fault are set aside.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from blocks.suites.tables import POINTER

pytestmark = pytest.mark.slow
Run = Callable[..., dict[str, Any]]
SWAPPED = {"home": "away", "away": "home", "home_pts": "away_pts", "away_pts": "home_pts"}


@dataclass(frozen=True, slots=True)
class Sources:
    """The real tables, and the gates."""

    run: Run
    games: pd.DataFrame
    box: pd.DataFrame
    odds: pd.DataFrame

    def season(self, table: str, year: int) -> pd.DataFrame:
        """Return one season of a table."""
        frame: pd.DataFrame = getattr(self, table)
        return frame[frame["season"] == year].reset_index(drop=True)

    def night(self) -> pd.DataFrame:
        """Return the games of one full night."""
        return self.games[self.games["date"] == "2018-11-05"].reset_index(drop=True)


@pytest.fixture(scope="module")
def sources(run: Run, real_games: pd.DataFrame, real_box: pd.DataFrame, real_odds: pd.DataFrame) -> Sources:
    return Sources(run, real_games, real_box, real_odds)


def caught(answer: dict[str, Any]) -> bool:
    return answer["verdict"] == "FAIL" or bool(answer["quarantined"])


def cancelled(of: Sources) -> dict[str, Any]:
    season = of.season("games", 2013)
    row = season.iloc[[-1]].assign(date="2013-04-16", home="BOS", away="IND", home_pts=0, away_pts=0)
    row = row.assign(game_id="x", game_uid="20130416-IND-BOS", home_win=0, season_type="regular")
    return of.run("games", pd.concat([season, row], ignore_index=True))


def exchanged(of: Sources) -> dict[str, Any]:
    season = of.season("games", 2015).drop(columns=["game_uid", "home_win"])
    return of.run("games", season.rename(columns=SWAPPED))


def dying(of: Sources) -> dict[str, Any]:
    season = of.season("odds", 2016)
    later = season["date"] > "2016-01-16"
    return of.run("odds", season.assign(a_ml_home=season["a_ml_home"].mask(later)))


def retired(of: Sources) -> dict[str, Any]:
    season = of.season("games", 2019).head(400)
    p = pd.Series(np.linspace(0.3, 0.8, len(season)))
    ledger = {"unit": season["game_uid"], "night": season["date"], "p_old": p, "y": season["home_win"].astype(float)}
    return of.run("evidence", pd.DataFrame(ledger | {"p_new": p.where(season["date"] < "2018-11-30")}))


def wrong_score(of: Sources) -> dict[str, Any]:
    night = of.night()
    reported = night.assign(home_pts=night["home_pts"] + (night.index == 2))
    return of.run("results", reported.drop(columns="home_win"), schedule=night)


def of_players(of: Sources) -> dict[str, Any]:
    return of.run("box", of.season("box", 2018).assign(min=48))


def twice(of: Sources) -> dict[str, Any]:
    season = of.season("box", 2018)
    return of.run("box", pd.concat([season, season.head(2).assign(rank=7)], ignore_index=True))


def mixed(of: Sources) -> dict[str, Any]:
    season = of.season("games", 2018)
    star = season.iloc[[600]].assign(home="Team LeBron", away="Team Stephen", game_uid="", game_id="star")
    return of.run("games", pd.concat([season, star], ignore_index=True))


def renamed(of: Sources) -> dict[str, Any]:
    return of.run("games", of.season("games", 2018).replace({"home": {"PHX": "PHO"}, "away": {"BKN": "BRK"}}))


def by_first_year(of: Sources) -> dict[str, Any]:
    return of.run("games", of.season("games", 2018).assign(season=2017))


def late_spring(of: Sources) -> dict[str, Any]:
    return of.run("games", of.season("games", 1999).assign(season_type="regular"))


def a_day_early(of: Sources) -> dict[str, Any]:
    night = of.night()
    return of.run("slates", night.assign(date="2018-11-04"), schedule=night)


def moved(of: Sources) -> dict[str, Any]:
    night = of.night()
    tip = pd.Timestamp("2018-11-06T00:00:00Z")
    rows = pd.DataFrame({"unit": night["game_id"], "slate": "2018-11-05", "version": "1", "role": "champion"})
    rows = rows.assign(p=np.linspace(0.3, 0.7, len(rows)), made_at=tip - pd.Timedelta(hours=1), tip_at=tip)
    schedule = pd.DataFrame({"unit": night["game_id"], "slate": "2018-11-05"})
    schedule.loc[0, "slate"] = "2019-03-01"
    return of.run("predictions", rows, schedule=schedule)


def day_month(of: Sources) -> dict[str, Any]:
    season = of.season("games", 2018)
    return of.run("games", season.assign(date=pd.to_datetime(season["date"]).dt.strftime("%d/%m/%Y")))


def pointer(of: Sources) -> dict[str, Any]:
    return of.run("games", pd.DataFrame(columns=[POINTER]))


def zero_of_nothing(of: Sources) -> dict[str, Any]:
    season = of.season("box", 1990)
    share = season["fg3m"] / season["fg3a"]
    none_tried = (season["fg3a"] == 0).sum()
    assert none_tried > 0
    assert of.run("box", season.assign(fg3_pct=share))["quarantined"] == []
    return of.run("box", season.assign(fg3_pct=share.fillna(0.0)))


def teamless(of: Sources) -> dict[str, Any]:
    season = of.season("odds", 2018)
    return of.run("odds", season.assign(away=season["away"].mask(season.index == 9)))


def neither(of: Sources) -> dict[str, Any]:
    season = of.season("games", 2018)
    return of.run("games", season.assign(season_type=season["season_type"].mask(season.index == 1229)))


def both_favoured(of: Sources) -> dict[str, Any]:
    season = of.season("odds", 2018)
    both = season.index == 3
    prices = {name: season[name].mask(both, -650.0) for name in ("a_ml_home", "a_ml_away")}
    return of.run("odds", season.assign(**prices))


def swapped_spread(of: Sources) -> dict[str, Any]:
    season = of.season("odds", 2018)
    sure = int(season["a_spread_home"].idxmax())
    return of.run("odds", season.assign(a_spread_home=season["a_spread_home"].mask(season.index == sure, -9.0)))


FAULTS: dict[str, Callable[[Sources], dict[str, Any]]] = {
    "1 home and away exchanged in a whole file": exchanged,
    "2 a cancelled game kept as 0-0": cancelled,
    "4 a column dying in mid-season": dying,
    "5 a retired forecaster's empty column": retired,
    "6 both sides negative": both_favoured,
    "6 a spread whose sign contradicts the moneyline": swapped_spread,
    "7 a wrong final score": wrong_score,
    "8 minutes of a player, not of a team": of_players,
    "8 a game twice with other rank columns": twice,
    "9 All-Star rows among the games": mixed,
    "10 names of other sources": renamed,
    "10 a season labelled by its first year": by_first_year,
    "11 playoff games flagged as regular": late_spring,
    "12 dates one day early": a_day_early,
    "12 a forecast of a game that moved": moved,
    "13 a storage pointer in place of a file": pointer,
    "13 a spreadsheet's day-month dates": day_month,
    "14 a percentage that is 0 and should be missing": zero_of_nothing,
    "15 a team missing altogether": teamless,
    "16 neither regular nor playoff": neither,
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_of_the_sources_is_caught(sources: Sources, fault: str) -> None:
    assert caught(FAULTS[fault](sources))


def test_a_box_score_of_216_minutes_is_the_one_row_of_its_season_that_is_set_aside(sources: Sources) -> None:
    """3: and the score that it carries is another than a second schedule has."""
    answer = sources.run("box", sources.season("box", 1997))
    assert {one["key"] for one in answer["quarantined"]} == {"19961110-DEN-CLE"}


@pytest.fixture(scope="module")
def known(nba_data: Path) -> pd.DataFrame:
    """Return the list of single wrong records."""
    return pd.read_csv(nba_data / "faulty" / "known_faults.csv")


def test_every_wrong_score_of_the_list_is_found_beside_another_source(sources: Sources, known: pd.DataFrame) -> None:
    """Archives A, B and D: twenty records in ten seasons."""
    fields = ["score_home-score_away", "points_1-points_2", "home_score-visitor_score"]
    wrong = known[known["field"].isin(fields)]
    assert len(wrong) == 20
    for one in wrong.to_dict("records"):
        night = sources.games[sources.games["date"] == one["date"]].reset_index(drop=True)
        here = (night["home"] == one["home"]) & (night["away"] == one["away"])
        if not here.any():  # the archive has home and away the other way round
            here = (night["home"] == one["away"]) & (night["away"] == one["home"])
        assert here.sum() == 1, one
        home, away = (float(points) for points in one["value_in_source"].split("-"))
        reported = night.assign(
            home_pts=night["home_pts"].mask(here, home), away_pts=night["away_pts"].mask(here, away)
        )
        answer = sources.run("results", reported.drop(columns="home_win"), schedule=night)
        assert [row["row"] for row in answer["quarantined"]] == [int(np.flatnonzero(here)[0])], one


def test_every_wrong_price_of_the_list_is_found(sources: Sources, known: pd.DataFrame) -> None:
    """Those after the tables' last season too, written into a row of a clean one."""
    prices = known[known["field"] == "moneylines/spread"]
    assert len(prices) == 20
    seasons = sources.odds[sources.odds["season"].between(2016, 2018)]
    spoiled = seasons[seasons["fault"].isna()].reset_index(drop=True)
    for row, one in enumerate(prices.to_dict("records")):
        a, spread, b = re.match(r"A (\S+) spread (\S+); B (\S+)", one["value_in_source"]).groups()  # type: ignore[union-attr]
        told = dict(zip(("a_ml_home", "a_ml_away"), a.split("/"), strict=True)) | {"a_spread_home": spread}
        told |= dict(zip(("b_ml_home", "b_ml_away"), b.split("/"), strict=True))
        for name, value in told.items():
            spoiled.loc[row, name] = float(value)
    answer = sources.run("odds", spoiled)
    assert [one["row"] for one in answer["quarantined"]] == list(range(20)), answer["failed"]
