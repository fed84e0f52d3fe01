"""The main job on real seasons: the same two endings, from other games."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.stories.running import alive_in, listened_to


@pytest.mark.slow
@pytest.mark.whole
def test_real_seasons_promote_one_challenger_and_roll_the_faulty_one_back(
    nba_data: Path, tmp_path: Path, record_testsuite_property: Callable[[str, object], None]
) -> None:
    told = listened_to("demo", "--json", "--home", tmp_path / "home", "--games", nba_data / "games.csv.gz")
    assert told.status == 0, told.stderr[-3000:]
    answer = json.loads(told.stdout)
    record_testsuite_property("answered after seconds", answer["seconds"])
    assert [one["stage"] for one in answer["rollouts"]] == ["PROMOTED", "ROLLED_BACK"]
    assert answer["rollouts"][1]["held"][0] == "guard"
    assert "feature_drift" in {alert["type"] for alert in answer["alerts"]}
    assert answer["slate"]["games"] > 0
    assert "`neutral` was set on 88 games" in told.stderr
    assert not alive_in(tmp_path)
