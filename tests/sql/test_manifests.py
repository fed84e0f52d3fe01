"""A slate is served under one manifest, which is only ever revised."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, func, select

from blocks.errors import Conflict, NotFound
from blocks.sql.engine import reading
from blocks.sql.tables import SLATES
from blocks.store import Store

AT = datetime(2019, 1, 5, 20, tzinfo=UTC)
MANIFEST: dict[str, object] = {"salt": "s", "weights": {"1": 100}, "deadline": "2019-01-05T18:00:00-05:00"}


def revisions(engine: Engine) -> int:
    with reading(engine, "count") as connection:
        return connection.execute(select(func.count()).select_from(SLATES)).scalar_one()


def test_the_first_writer_wins_and_the_second_is_told_what_stands(store: Store) -> None:
    assert store.lock_manifest("m", "2019-01-05", MANIFEST, AT) == MANIFEST
    assert store.lock_manifest("m", "2019-01-05", {"salt": "other"}, AT) == MANIFEST


def test_a_revision_is_in_force_from_then_on_also_for_who_locks_again(store: Store) -> None:
    store.lock_manifest("m", "2019-01-05", MANIFEST, AT)
    revised = store.revise_manifest("m", "2019-01-05", {"salt": "s", "moved": ["g1"]}, AT)
    assert store.manifest("m", "2019-01-05") == revised == {"salt": "s", "moved": ["g1"]}
    assert store.lock_manifest("m", "2019-01-05", MANIFEST, AT) == revised


def test_revising_to_what_stands_appends_nothing(store: Store, engine: Engine) -> None:
    store.lock_manifest("m", "2019-01-05", MANIFEST, AT)
    store.revise_manifest("m", "2019-01-05", MANIFEST, AT)
    assert revisions(engine) == 1


def test_a_slate_that_was_never_locked_cannot_be_revised(store: Store) -> None:
    with pytest.raises(NotFound, match="lock_manifest"):
        store.revise_manifest("m", "2019-01-05", MANIFEST, AT)
    assert store.manifest("m", "2019-01-05") is None


def test_slates_are_listed_with_their_lock_and_the_manifest_in_force(store: Store) -> None:
    store.lock_manifest("m", "2019-01-06", {}, AT + timedelta(days=1))
    store.lock_manifest("m", "2019-01-05", MANIFEST, AT)
    store.revise_manifest("m", "2019-01-05", {**MANIFEST, "salt": "t"}, AT + timedelta(hours=1))
    store.lock_manifest("other", "2019-01-05", {}, AT)
    frame = store.slates("m")
    assert frame["slate"].tolist() == ["2019-01-05", "2019-01-06"]
    assert frame["locked_at"][0] == AT
    assert frame["deadline"][0] == datetime(2019, 1, 5, 23, tzinfo=UTC)
    assert frame["deadline"].isna().tolist() == [False, True]
    assert frame["manifest"][0]["salt"] == "t"
    assert store.slates("m", since="2019-01-06")["slate"].tolist() == ["2019-01-06"]


def test_a_revision_made_from_what_stands_no_more_is_refused(store: Store, engine: Engine) -> None:
    store.lock_manifest("m", "2019-01-05", MANIFEST, AT)
    store.exchange_manifest("m", "2019-01-05", MANIFEST, {"salt": "s", "games": 1}, AT)
    with pytest.raises(Conflict, match="revised meanwhile"):
        store.exchange_manifest("m", "2019-01-05", MANIFEST, {"salt": "s", "games": 2}, AT)
    assert store.manifest("m", "2019-01-05") == {"salt": "s", "games": 1}
    assert revisions(engine) == 2
