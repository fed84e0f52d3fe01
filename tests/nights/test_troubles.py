"""A night through the real flows while the feed, the store or a second run makes trouble."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pandas as pd
import pytest
from faults.killing import start
from plainly import plainly
from pydantic import SecretStr
from worlds import MODEL, World

from blocks.errors import Unavailable
from blocks.sql.engine import open_engine, writing
from blocks.store import Store
from flows.score_slate import score_slate
from flows.settle import settle
from tasks.calendar import Night
from tasks.gates import GateFailed
from tasks.nba.teams import TEAMS
from tasks.publishing import SlateHeld
from tasks.slates import manifest_id

pytestmark = pytest.mark.slow
HOUR = timedelta(hours=1)


def tonight(world: World) -> Night:
    return next(iter(world.unplayed()))


def score(world: World, night: Night, at: datetime | None = None) -> dict[str, Any]:
    answer: dict[str, Any] = world.run(score_slate, MODEL, date=night.date, now=at or night.scored)
    return answer


def drop(world: World, games: pd.DataFrame) -> None:
    """Drop one more file, which tells some games anew."""
    games.to_csv(world.home / "games" / "zz-late.csv", index=False)


def games_of(world: World, night: Night) -> pd.DataFrame:
    files = sorted((world.home / "games").glob("season-*.csv.gz"))
    games = pd.concat(pd.read_csv(file, dtype={"game_id": str}) for file in files[-1:])
    return games[games["date"] == night.date]


def hide(world: World, night: Night, units: list[str]) -> pd.DataFrame:
    """Take games out of the season's file as if nobody had told of them, and return their rows."""
    [file] = sorted((world.home / "games").glob("season-*.csv.gz"))[-1:]
    games = pd.read_csv(file, dtype={"game_id": str})
    gone = games["game_id"].isin(units)
    games[~gone].to_csv(file, index=False)
    return games[gone]


def test_half_a_feed_is_scored_and_the_other_half_joins_the_slate_when_it_comes(world: World) -> None:
    night = tonight(world)
    units = games_of(world, night)["game_id"].tolist()
    late = hide(world, night, units[1:])
    assert [game["game_id"] for game in score(world, night)["games"]] == units[:1]
    before: Any = world.platform.store.manifest(MODEL, night.date)
    drop(world, late)
    assert {game["game_id"] for game in score(world, night, night.scored + HOUR)["games"]} == set(units)
    after: Any = world.platform.store.manifest(MODEL, night.date)
    assert (after["routes"], after["deadline"]) == (before["routes"], before["deadline"])
    assert night.date in world.run(settle, MODEL, now=night.morning).closed


def test_an_empty_feed_says_that_no_news_is_not_no_games(world: World) -> None:
    answer = world.run(score_slate, MODEL, date="2031-01-05", now=datetime.fromisoformat("2031-01-05T17:00-05:00"))
    assert (answer["games"], answer["manifest"]) == ([], None)
    assert answer["notes"] == ["the source's games do not reach 2031-01-05: no news is not no games"]


def test_a_game_told_twice_and_an_unknown_team_are_set_aside_and_the_night_goes_on(world: World) -> None:
    night = tonight(world)
    rows = games_of(world, night)
    drop(world, rows.head(1).assign(home="XXX"))
    answer = score(world, night)
    assert len(answer["games"]) == len(rows) - 1
    [out] = answer["left_out"]
    assert out["game_id"] == rows["game_id"].iloc[0]
    assert "not a team" in out["why"]
    published = pd.read_csv(world.home / "published" / MODEL / f"{night.date}.csv", dtype={"game_id": str})
    assert published.set_index("game_id").loc[out["game_id"], "left_out"] == out["why"]


def test_a_slate_that_goes_bad_after_it_was_sealed_leaves_what_stands_and_says_so(world: World) -> None:
    night = tonight(world)
    first = score(world, night)
    drop(world, games_of(world, night).assign(season_type="exhibition"))
    with pytest.raises(SlateHeld, match=f"What was sealed stands: {len(first['games'])} games, last at"):
        score(world, night, night.scored + HOUR)
    rows = world.platform.store.publications(MODEL, [night.date])
    assert rows["p"].notna().all()
    assert set(rows["revision"]) == {1}
    [report] = world.platform.store.reports(MODEL, "slate", limit=1)["body"]
    assert "season_type" in report["notes"][0]


def test_a_file_that_is_still_being_written_is_passed_over(world: World) -> None:
    night = tonight(world)
    rows = games_of(world, night)
    (world.home / "games" / "zz-late.csv").write_text(rows.to_csv(index=False)[:-40])
    assert len(score(world, night)["games"]) == len(rows)


def test_results_that_come_late_half_twice_and_corrected_close_the_night_once(world: World) -> None:
    night = tonight(world)
    score(world, night)
    rows = games_of(world, night)
    drop(world, rows.iloc[1:].assign(home_pts=None, away_pts=None, status="scheduled"))
    half = world.run(settle, MODEL, now=night.morning)
    assert (half.revisions["final"], half.open) == (1, (night.date,))
    drop(world, pd.concat([rows, rows]))
    full = world.run(settle, MODEL, now=night.morning + HOUR)
    assert (full.revisions["final"], full.corrected, full.open) == (len(rows) - 1, 0, ())
    swapped = rows.head(1).rename(columns={"home_pts": "away_pts", "away_pts": "home_pts"})
    drop(world, swapped[rows.columns])
    after = world.run(settle, MODEL, now=night.morning + 2 * HOUR)
    assert (after.revisions, after.corrected) == ({"final": 1}, 1)
    assert after.corrections[0]["game_id"] == rows["game_id"].iloc[0]
    assert world.run(settle, MODEL, now=night.morning + 2 * HOUR).revisions == {}


def test_a_night_whose_results_are_all_wrong_stops_no_other_night_and_is_named(world: World) -> None:
    nights = [night for night, _ in zip(world.unplayed(), range(8), strict=False)]
    good, *_, bad = sorted(nights, key=lambda night: len(games_of(world, night)))
    for night in (good, bad):
        score(world, night)
    drop(world, games_of(world, bad).assign(home_pts=3, away_pts=2))
    with pytest.raises(GateFailed, match="expect_column_values_to_be_between on home_pts"):
        world.run(settle, MODEL, now=max(good.morning, bad.morning))
    assert set(world.platform.store.outcomes(MODEL, since=nights[0].date)["slate"]) == {good.date}


def test_a_result_without_a_game_and_an_impossible_one_are_set_aside_with_the_reason(world: World) -> None:
    night = tonight(world)
    score(world, night)
    rows = games_of(world, night)
    idle = [team for team in TEAMS if team not in {*rows["home"], *rows["away"]}]
    stranger = rows.head(1).assign(game_id="stranger", home=idle[0], away=idle[1])
    drop(world, pd.concat([stranger, rows.head(1).assign(home_pts=0, away_pts=0)]))
    done = world.run(settle, MODEL, now=night.morning)
    why = {one["game_id"]: one["why"] for one in done.set_aside}
    assert set(why) == {"stranger", rows["game_id"].iloc[0]}
    assert done.revisions == {"final": len(rows) - 1}
    assert done.open == (night.date,)


def test_a_game_that_moves_leaves_its_night_and_one_called_off_is_void(world: World) -> None:
    night = tonight(world)
    score(world, night)
    rows = games_of(world, night)
    told = (night.scored - HOUR).strftime("%Y-%m-%dT%H:%M:%SZ")
    blank = {"home_pts": None, "away_pts": None, "known_at": told}
    moved = rows.iloc[[0]].assign(date="2020-04-20", status="scheduled", **blank)
    drop(world, pd.concat([moved, rows.iloc[[1]].assign(status="void", **blank)]))
    done = world.run(settle, MODEL, now=night.morning)
    assert done.revisions == {"moved": 1, "void": 1, "final": len(rows) - 2}
    assert night.date in done.closed


def test_a_store_that_is_locked_loses_nothing(world: World) -> None:
    night = tonight(world)
    url = world.platform.store.url.get_secret_value()
    hurried = Store(url=SecretStr(url), wait_seconds=0.2)
    platform = world.platform.model_copy(update={"store": hurried})
    with writing(open_engine(url), "hold the lock"), pytest.raises(Unavailable, match="locked by another writer"):
        plainly(score_slate, platform)(MODEL, date=night.date, now=night.scored)
    assert world.platform.store.predictions(MODEL, slates=[night.date]).empty
    assert score(world, night)["games"]


def test_two_runs_at_once_lock_one_manifest_and_double_nothing(world: World) -> None:
    night = tonight(world)
    alone = score(world.copy(world.home.parent / "alone"), night)
    children = [start(lambda: score(world, night)) for _ in range(3)]
    answers = [child.result() for child in children]
    assert answers == [alone] * 3
    sealed = world.platform.store.predictions(MODEL, slates=[night.date])
    assert len(sealed) == len(sealed.drop_duplicates(["unit", "version"])) == 2 * len(alone["games"])
    both = [start(lambda: world.run(settle, MODEL, now=night.morning)) for _ in range(2)]
    done = [child.result().revisions.get("final", 0) for child in both]
    assert sum(done) == len(alone["games"])
    assert world.platform.store.outcomes(MODEL, latest=False)["revision"].max() == 1


def test_publications_agree_in_the_store_and_in_both_files(fresh: Callable[[], World]) -> None:
    world = fresh()
    night = tonight(world)
    answer = score(world, night)
    place = world.home / "published" / MODEL / night.date
    csv = pd.read_csv(place.with_suffix(".csv"), dtype={"game_id": str, "version": str})
    parquet = pd.read_parquet(place.with_suffix(".parquet"))
    rows = world.platform.store.publications(MODEL, [night.date])
    told = {game["game_id"]: (game["p_home"], game["version"]) for game in answer["games"]}
    for table, p in ((csv, "p_home"), (parquet, "p_home"), (rows.rename(columns={"unit": "game_id"}), "p")):
        assert dict(zip(table["game_id"], zip(table[p], table["version"], strict=True), strict=True)) == told
    manifest = world.platform.store.manifest(MODEL, night.date)
    assert manifest is not None
    assert answer["manifest"] == manifest_id(manifest)
