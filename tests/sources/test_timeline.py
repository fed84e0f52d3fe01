"""The timeline against its definition: for any words on any games, asked at any moment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blocks.sources.files import read_games
from blocks.sources.timeline import Timeline, pick

START = datetime(2026, 1, 5, 12, tzinfo=UTC)
Word = tuple[str, int, int | None, str, int]

words = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", "c"]),
        st.integers(0, 4),
        st.one_of(st.none(), st.integers(-10, 120)),
        st.sampled_from(["scheduled", "final", "void"]),
        st.integers(80, 99),
    ),
    min_size=1,
    max_size=10,
)
hours = st.integers(-12, 150)


def frame_of(said: list[Word]) -> pd.DataFrame:
    rows = []
    for game, day, known, status, points in said:
        date = (START + timedelta(days=day)).strftime("%Y-%m-%d")
        at = "" if known is None else (START + timedelta(hours=known)).strftime("%Y-%m-%dT%H:%M:%SZ")
        scores = (points, 70) if status == "final" else ("", "")
        rows.append((game, 2026, date, "BOS", "NYK", *scores, status, at))
    columns = ["game_id", "season", "date", "home", "away", "home_pts", "away_pts", "status", "known_at"]
    with TemporaryDirectory() as folder:
        path = Path(folder) / "games.csv"
        pd.DataFrame(rows, columns=columns).to_csv(path, index=False)
        return read_games(path)


def last_word(said: list[Word], game: str, now: datetime) -> Word | None:
    """Return the word in force by its definition: the last known, and of those the last said."""
    known = [word for word in said if word[0] == game and _known(word) <= now]
    return max(enumerate(known), key=lambda one: (_known(one[1]), one[0]))[1] if known else None


def _known(word: Word) -> datetime:
    return datetime.min.replace(tzinfo=UTC) if word[2] is None else START + timedelta(hours=word[2])


def _shown(word: Word, now: datetime) -> tuple[str, float | None]:
    tip = START.replace(hour=0) + timedelta(days=word[1] + 1)
    if word[3] == "final" and now >= max(tip + timedelta(hours=3), _known(word)):
        return "final", float(word[4])
    return ("void", None) if word[3] == "void" else ("scheduled", None)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(said=words, hour=hours)
def test_every_slate_result_and_history_is_what_the_last_words_say(said: list[Word], hour: int) -> None:
    now, timeline = START + timedelta(hours=hour), Timeline(frame_of(said))
    standing = {game: word for game in "abc" if (word := last_word(said, game, now)) is not None}
    for day in range(5):
        date = (START + timedelta(days=day)).strftime("%Y-%m-%d")
        expected = {game: _shown(word, now) for game, word in standing.items() if word[1] == day}
        slate = timeline.slate(date, now)
        shown = [None if np.isnan(points) else points for points in slate["home_pts"]]
        assert dict(zip(slate["game_id"], zip(slate["status"], shown, strict=True), strict=True)) == expected
        assert slate["game_id"].is_unique
        left = {word[0] for word in said if word[1] == day and _known(word) <= now} - set(expected)
        results = timeline.results(date, now)
        assert set(results.loc[results["status"] == "moved", "game_id"]) == left
        assert len(results) == len(slate) + len(left)
    history = timeline.history(now, None)
    final = {game: _shown(word, now)[1] for game, word in standing.items() if _shown(word, now)[0] == "final"}
    assert dict(zip(history["game_id"], history["home_pts"], strict=True)) == final
    assert history["date"].is_monotonic_increasing


@given(st.lists(st.booleans(), max_size=40))
def test_picking_by_slices_is_picking_by_mask(mask: list[bool]) -> None:
    frame = pd.DataFrame({"n": range(len(mask))})
    rows = np.array(mask, dtype=bool)
    pd.testing.assert_frame_equal(pick(frame, rows), frame[rows])
