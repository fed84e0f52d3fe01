"""What a slate is given: by whom, under which manifest, and what happens when a version does not answer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pydantic import Field

from blocks.errors import Unavailable
from blocks.registry import Registry
from tasks.publishing import published_rows
from tasks.scoring import SEALED, chosen, forecast, said_of, usable
from tasks.slates import Slate, extended, playable, standing

NOW = datetime(2019, 1, 5, 22, tzinfo=UTC)
TIP = NOW + timedelta(hours=2)
Answer = Callable[[pd.DataFrame], Any]


class Answers(Registry):
    """A registry whose versions answer as a test says."""

    _block_type_name = "Registry of the nights' tests"
    _block_type_slug = "registry-of-the-nights-tests"

    models: dict[str, Any] = Field(default_factory=dict)

    def load_model(self, model: str, version: str) -> Answer:
        """Return the answer of a version."""
        return self.models[version]  # type: ignore[no-any-return]


def raises(error: Exception) -> Answer:
    def answer(rows: pd.DataFrame) -> Any:
        raise error

    return answer


def says(*p: float) -> Answer:
    return lambda rows: np.array(p[: len(rows)])


def manifest(*units: str, weight: float = 100, fallback: str | None = None) -> dict[str, Any]:
    arms = [{"version": "8", "role": "challenger", "weight": weight}, {"version": "7", "role": "champion", "weight": 0}]
    games = [{"game_id": unit, "home": "BOS", "away": "NYK", "tip": TIP.isoformat()} for unit in units]
    routes = {"salt": "s", "arms": arms, "fallback": fallback}
    return {"slate": "2019-01-05", "model": "m", "games": games, "routes": routes, "deadline": TIP.isoformat()}


def inputs(*units: str) -> pd.DataFrame:
    return pd.DataFrame({"home_elo": 1500.0}, index=pd.Index(units, name="game_id"))


def scored(answers: dict[str, Answer], at: datetime = NOW, sealed: pd.DataFrame | None = None) -> pd.DataFrame:
    rows = forecast(Answers(tracking_uri="", models=answers), manifest("a", "b"), inputs("a", "b"), at)
    return chosen(manifest("a", "b"), rows, pd.DataFrame(columns=list(SEALED)) if sealed is None else sealed)


def given(rows: pd.DataFrame) -> dict[str, tuple[str, float]]:
    stands = standing(manifest("a", "b"), rows)
    return {unit: (row["version"], row["p"]) for unit, row in stands.items()}


def test_every_version_scores_every_game_and_one_serves() -> None:
    rows = scored({"8": says(0.6, 0.7), "7": says(0.5, 0.4)})
    assert rows["version"].tolist() == ["8", "8", "7", "7"]
    assert rows["served"].tolist() == [True, True, False, False]


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (raises(ValueError("no such column")), "it raised ValueError: no such column"),
        (says(np.nan, np.nan), "which is no probability"),
        (says(1.2, -0.1), "it answered 1.2, which is no probability"),
        (says(0.5), r"it answered (1,) for 2 games"),
    ],
)
def test_a_challenger_that_does_not_answer_is_replaced_by_the_champion_and_it_is_said(answer: Answer, why: str) -> None:
    rows = scored({"8": answer, "7": says(0.5, 0.4)})
    assert given(rows) == {"a": ("7", 0.5), "b": ("7", 0.4)}
    assert rows[rows["version"] == "8"]["p"].isna().all()
    [said] = said_of(rows, rows)
    assert why in said
    assert said.startswith("version 8 (challenger) has no sound forecast of 2 games")


def test_one_bad_number_costs_that_game_alone() -> None:
    assert given(scored({"8": says(0.6, 3.0), "7": says(0.5, 0.4)})) == {"a": ("8", 0.6), "b": ("7", 0.4)}


def test_a_registry_that_is_away_is_no_fault_of_a_version() -> None:
    with pytest.raises(Unavailable):
        scored({"8": raises(Unavailable("MLflow did not answer")), "7": says(0.5, 0.4)})


def test_a_failing_second_scoring_leaves_what_was_sealed() -> None:
    first = scored({"8": says(0.6, 0.7), "7": says(0.5, 0.4)})
    again = scored({"8": raises(ValueError("dead")), "7": says(0.1, 0.2)}, NOW + timedelta(hours=1), first)
    assert again["version"].tolist() == ["7", "7"]
    assert not again["served"].any()
    assert given(pd.concat([first, again])) == {"a": ("8", 0.6), "b": ("8", 0.7)}


def test_scoring_closer_to_tip_off_is_the_forecast_of_record() -> None:
    first = scored({"8": says(0.6, 0.7), "7": says(0.5, 0.4)})
    again = scored({"8": says(0.65, 0.75), "7": says(0.5, 0.4)}, NOW + timedelta(hours=1), first)
    assert again["served"].tolist() == [True, True, False, False]
    assert given(pd.concat([first, again])) == {"a": ("8", 0.65), "b": ("8", 0.75)}


def test_without_any_number_a_game_is_left_out_with_the_reason() -> None:
    rows = scored({"8": says(0.6, np.nan), "7": says(0.5, np.nan)})
    told = {row["game_id"]: row for row in published_rows(manifest("a", "b"), rows, [])}
    assert told["a"]["p_home"] == 0.6
    assert (told["b"]["p_home"], told["b"]["left_out"]) == (None, "no version gave a probability")


def test_a_rollback_is_published_from_seals_that_stand_without_scoring_again() -> None:
    rows = scored({"8": says(0.6, 0.7), "7": says(0.5, 0.4)})
    after = manifest("a", "b")
    after["routes"]["arms"] = [{"version": "7", "role": "champion", "weight": 100}]
    assert {row["game_id"]: row["version"] for row in published_rows(after, rows, [])} == {"a": "7", "b": "7"}


def slate(*games: tuple[str, datetime], status: str = "scheduled") -> Slate:
    frame = pd.DataFrame(
        [{"game_id": unit, "home": "BOS", "away": "NYK", "tip": pd.Timestamp(tip), "status": status}
         for unit, tip in games]
    )  # fmt: skip
    return playable("2019-01-05", frame, NOW)


def test_games_that_have_begun_or_were_called_off_are_left_out_with_the_reason() -> None:
    begun = slate(("a", NOW), ("b", TIP))
    assert begun.games["game_id"].tolist() == ["b"]
    assert begun.left_out == ({"game_id": "a", "why": f"it tipped off at {NOW.isoformat()}"},)
    assert slate(("a", TIP), status="void").left_out == ({"game_id": "a", "why": "it was called off"},)


def test_a_game_told_late_joins_the_manifest_under_the_same_versions_and_weights() -> None:
    locked = manifest("a")
    after = extended(locked, slate(("a", TIP), ("b", TIP + timedelta(hours=1))))
    assert [game["game_id"] for game in after["games"]] == ["a", "b"]
    assert {name: after[name] for name in ("routes", "deadline")} == {
        name: locked[name] for name in ("routes", "deadline")
    }


def test_a_tip_off_brought_forward_binds_the_seals() -> None:
    after = extended(manifest("a"), slate(("a", NOW + timedelta(minutes=5))))
    rows = forecast(Answers(tracking_uri="", models={"8": says(0.6), "7": says(0.5)}), after, inputs("a"), NOW)
    assert set(rows["tip_at"]) == {NOW + timedelta(minutes=5)}
    assert forecast(
        Answers(tracking_uri="", models={"8": says(), "7": says()}), after, inputs("a"), NOW + timedelta(minutes=5)
    ).empty


def test_the_same_slate_again_leaves_the_manifest_as_it_is() -> None:
    locked = extended(manifest(), slate(("a", TIP), ("b", TIP)))
    assert extended(locked, slate(("b", TIP), ("a", TIP))) == locked


def test_a_game_without_features_is_set_aside_and_the_night_goes_on() -> None:
    table = pd.DataFrame(
        {"home_elo": [1500.0, np.nan], "status": "scheduled"}, index=pd.Index(["a", "b"], name="game_id")
    )
    kept, good = usable(slate(("a", TIP), ("b", TIP)), table)
    assert (kept.games["game_id"].tolist(), list(good.index)) == (["a"], ["a"])
    assert kept.left_out == ({"game_id": "b", "why": "its feature home_elo is missing or not finite"},)
