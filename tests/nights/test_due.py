"""Runs through the day find the games that are due by themselves, on every night of a season and of the calendar."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from blocks.sources.eastern import tips as tips_of
from tasks.clock import night_of
from tasks.rollout.policy import Slate as SlateTimes
from tasks.slates import Slate, deadline_of, due, extended

ROOT = Path(__file__).resolve().parents[2]
EASTERN = ZoneInfo("America/New_York")
TIMES = SlateTimes()
ROUTES = {"salt": "s", "arms": [{"version": "7", "role": "champion", "weight": 100}], "fallback": None}
SEALS = ["unit", "version", "p", "made_at"]


def schedule_of(flow: str, slug: str) -> tuple[set[int], set[int]]:
    """Return the minutes and hours at which a flow runs."""
    listed = yaml.safe_load((ROOT / "deployments" / "prefect.yaml").read_text())["deployments"]
    [one] = [one for one in listed if one["entrypoint"].endswith(f":{flow}")]
    [cron] = [schedule["cron"] for schedule in one["schedules"] if schedule["slug"] == slug]
    minutes, hours = cron.split()[:2]
    return _field(minutes, 60), _field(hours, 24)


def _field(text: str, size: int) -> set[int]:
    found: set[int] = set()
    for part in text.split(","):
        span, _, step = part.partition("/")
        first, _, last = span.partition("-")
        low, high = (0, size - 1) if span == "*" else (int(first), int(last or first))
        found |= set(range(low, high + 1, int(step or 1)))
    return found


def runs(day: str, flow: str, slug: str) -> Iterator[datetime]:
    """Yield when a flow runs on a day, some seconds late as they are."""
    minutes, hours = schedule_of(flow, slug)
    for hour in sorted(hours):
        for minute in sorted(minutes):
            at = datetime.combine(date.fromisoformat(day), time(hour, minute), EASTERN)
            yield at.astimezone(UTC) + timedelta(seconds=12)


def play(day: str, tips: dict[str, datetime]) -> dict[str, list[datetime]]:
    """Return when each game of a day is scored by the schedule."""
    manifest = None
    sealed = pd.DataFrame(columns=SEALS)
    scored: dict[str, list[datetime]] = {unit: [] for unit in tips}
    first = min(tips.values())
    for now in runs(day, "score_slate", "through-the-day"):
        if not first - timedelta(hours=4) < now < max(tips.values()):
            continue
        games = [{"game_id": unit, "home": "BOS", "away": "NYK", "tip": tip} for unit, tip in tips.items() if tip > now]
        slate = Slate(day, pd.DataFrame(games, columns=["game_id", "home", "away", "tip"]), ())
        units = due(slate, manifest, sealed, TIMES, now)
        if not units:
            continue
        manifest = extended(manifest or {"games": [], "routes": ROUTES}, slate)
        rows = pd.DataFrame([{"unit": unit, "version": "7", "p": 0.5, "made_at": now} for unit in sorted(units)])
        sealed = rows if sealed.empty else pd.concat([sealed, rows], ignore_index=True)
        for unit in units:
            scored[unit].append(now)
    return scored


def right(tips: dict[str, datetime], scored: dict[str, list[datetime]]) -> None:
    deadline = deadline_of(min(tips.values()), TIMES)
    for unit, tip in tips.items():
        assert scored[unit][0] <= deadline
        assert tip - timedelta(minutes=TIMES.rescore_minutes) <= scored[unit][-1] < tip
        assert len(scored[unit]) <= 2


def test_every_game_of_a_real_season_is_scored_before_the_deadline_and_again_before_tip_off(nba_data: Path) -> None:
    games = pd.read_csv(
        nba_data / "games.csv.gz", usecols=["season", "date", "tip_et", "game_uid", "season_type"], dtype=str
    )
    season = games[(games["season"] == "2018") & games["tip_et"].notna()]
    clock = pd.to_datetime(season["tip_et"], format="%I:%M %p")
    season = season.assign(tip=tips_of(season["date"], (clock.dt.hour * 60 + clock.dt.minute).to_numpy()))
    nights = 0
    for day, night in list(season.groupby("date"))[::5]:
        tips = dict(zip(night["game_uid"], night["tip"].dt.to_pydatetime(), strict=True))
        right(tips, play(str(day), tips))
        assert {night_of(tip) for tip in tips.values()} == {day}
        nights += 1
    assert nights > 40


DAYS = st.dates(date(2018, 10, 1), date(2020, 4, 30)) | st.sampled_from([date(2018, 11, 4), date(2019, 3, 10)])


@settings(max_examples=12, deadline=None)
@given(DAYS, st.lists(st.integers(12 * 60, 22 * 60 + 45), min_size=1, max_size=4))
def test_any_tip_off_on_any_day_also_when_the_clocks_change(day: date, minutes: list[int]) -> None:
    frame = pd.Series([day.isoformat()] * len(minutes))
    moments = tips_of(frame, pd.Series(minutes).to_numpy())
    tips = {f"g{number}": tip.to_pydatetime() for number, tip in enumerate(moments)}
    right(tips, play(day.isoformat(), tips))
    assert {night_of(tip) for tip in tips.values()} == {day.isoformat()}


def test_nothing_is_due_in_the_morning_nor_twice() -> None:
    tip = datetime(2019, 1, 6, 0, 30, tzinfo=UTC)
    counted = Counter(len(times) for times in play("2019-01-05", {"a": tip}).values())
    assert counted == {2: 1}
    assert not any(at < tip - timedelta(hours=3, minutes=1) for at in play("2019-01-05", {"a": tip})["a"])


def test_the_monitor_looks_in_the_half_hour_before_every_deadline() -> None:
    minutes, _ = schedule_of("monitor_and_alert", "through-the-games")
    gaps = [b - a for a, b in zip(sorted(minutes), [*sorted(minutes)[1:], 60 + min(minutes)], strict=True)]
    assert max(gaps) <= 30
