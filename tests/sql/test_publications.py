"""What people were given is kept with every change of it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine, delete

from blocks.errors import Refused
from blocks.sql.engine import writing
from blocks.sql.tables import PUBLICATIONS
from blocks.store import Store

AT = datetime(2019, 1, 5, 20, tzinfo=UTC)


def row(unit: str, p: float | None = 0.6, left_out: str | None = None) -> dict[str, object]:
    told = {"game_id": unit, "home": "BOS", "away": "NYK", "tip": "2019-01-06T00:30:00+00:00", "p_home": p}
    return told | {"version": "7", "role": "champion", "made_at": AT.isoformat(), "left_out": left_out}


def test_the_same_again_is_published_once_and_a_change_is_a_revision(store: Store) -> None:
    assert store.publish("m", "2019-01-05", [row("a"), row("b", None, "called off")], AT) == 2
    assert store.publish("m", "2019-01-05", [row("a"), row("b", None, "called off")], AT) == 0
    assert store.publish("m", "2019-01-05", [row("a", 0.7)], AT) == 1
    newest = store.publications("m", ["2019-01-05"]).set_index("unit")
    assert newest["p"].tolist()[:1] == [0.7]
    assert newest.loc["b", "left_out"] == "called off"
    assert store.publications("m", latest=False)["revision"].tolist() == [1, 2, 1]


def test_what_was_published_cannot_be_taken_back(store: Store, engine: Engine) -> None:
    store.publish("m", "2019-01-05", [row("a")], AT)
    with pytest.raises(Refused, match="keeps a rule"), writing(engine, "delete") as connection:
        connection.execute(delete(PUBLICATIONS))
