"""The flow over registered versions: forecasts as of each game, kept in MLflow with its table and picture."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import worlds

from tasks.calendar import noon


@pytest.mark.slow
@pytest.mark.long
def test_two_registered_versions_are_rehearsed_over_seasons_and_kept(tmp_path: Path) -> None:
    from flows.rehearse import rehearse
    from flows.retrain import retrain

    world = worlds.with_champion(tmp_path / "home")
    world.run(retrain, worlds.MODEL, **worlds.WINDOW, now=worlds.opening(world, worlds.SEASON), by="tests")
    end = noon(list(world.nights())[-1].date).replace(year=worlds.SEASON + 1)
    seasons = [worlds.SEASON - 1, worlds.SEASON]
    answer = world.run(rehearse, seasons, worlds.MODEL, champion="1", challenger="2", now=end)
    assert [one["season"] for one in answer["seasons"]] == seasons
    assert all(one["verdict"] in ("PASS", "FAIL", "WAIT", "HOLD", "INCONCLUSIVE") for one in answer["seasons"])
    assert any("learned from games" in note for note in answer["seasons"][0]["notes"])
    kept = {path.suffix: path for path in world.home.rglob("rehearsal/*")}
    assert set(kept) == {".json", ".md", ".svg"}
    assert json.loads(kept[".json"].read_text())["rules"] == answer["rules"]
    assert kept[".svg"].read_text().rstrip().endswith("</svg>")
