"""Forecasts are written once and before tip-off."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest
from sqlalchemy import Engine, delete, update

from blocks.errors import Refused
from blocks.sql.engine import writing
from blocks.sql.tables import PREDICTIONS
from blocks.store import Store

TIP = datetime(2019, 1, 6, 0, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)


def forecasts(*units: str, made_at: datetime = TIP - HOUR, p: float = 0.6, version: str = "1") -> pd.DataFrame:
    rows = [
        {"slate": "2019-01-05", "unit": unit, "version": version, "role": "champion", "served": True, "p": p}
        | {"made_at": made_at, "tip_at": TIP, "features": {"home_elo": 1500.25, "status": "scheduled"}}
        for unit in units
    ]
    return pd.DataFrame(rows)


def test_a_second_run_writes_nothing_new(store: Store) -> None:
    assert store.seal("m", forecasts("a", "b")) == 2
    assert store.seal("m", forecasts("a", "b")) == 0
    assert store.seal("m", forecasts("a", "b", "c")) == 1


def test_the_first_seal_stands(store: Store) -> None:
    store.seal("m", forecasts("a", p=0.6))
    store.seal("m", forecasts("a", p=0.9))
    assert store.predictions("m")["p"].tolist() == [0.6]


def test_scoring_again_closer_to_tip_off_adds_a_row(store: Store) -> None:
    store.seal("m", forecasts("a", p=0.6))
    assert store.seal("m", forecasts("a", p=0.7, made_at=TIP - HOUR / 2)) == 1
    assert store.predictions("m")["p"].tolist() == [0.6, 0.7]


def test_one_late_forecast_refuses_the_whole_call(store: Store) -> None:
    rows = pd.concat([forecasts("a"), forecasts("late", made_at=TIP)], ignore_index=True)
    with pytest.raises(Refused, match="late of version 1"):
        store.seal("m", rows)
    assert store.predictions("m").empty


def test_a_seal_reads_back_as_it_was_written(store: Store) -> None:
    store.seal("m", forecasts("a"))
    [seal] = store.predictions("m").to_dict("records")
    assert seal["made_at"] == TIP - HOUR
    assert seal["tip_at"].tzinfo is not None
    assert seal["served"] is True
    assert seal["features"] == {"home_elo": 1500.25, "status": "scheduled"}


@pytest.mark.parametrize("p", [float("nan"), float("inf"), None])
def test_a_forecast_that_is_no_number_is_kept_as_missing(store: Store, p: float) -> None:
    store.seal("m", forecasts("a", p=p))
    assert store.predictions("m")["p"].isna().tolist() == [True]


def test_missing_features_stay_missing(store: Store) -> None:
    rows = pd.concat([forecasts("a"), forecasts("b").drop(columns="features")], ignore_index=True)
    store.seal("m", rows)
    assert store.predictions("m")["features"].isna().tolist() == [False, True]


def test_nothing_sealed_reads_as_an_empty_frame_with_every_column(store: Store) -> None:
    frame = store.predictions("m")
    assert frame.empty
    assert str(frame["made_at"].dtype) == "datetime64[us, UTC]"
    assert str(frame["p"].dtype) == "float64"


def test_a_reader_chooses_versions_slates_and_spans(store: Store) -> None:
    store.seal("m", pd.concat([forecasts("a"), forecasts("a", version="2")], ignore_index=True))
    store.seal("other", forecasts("a"))
    assert store.predictions("m", versions=["2"])["version"].tolist() == ["2"]
    assert len(store.predictions("m", slates=["2019-01-05"])) == 2
    assert store.predictions("m", since="2019-01-06").empty
    assert len(store.predictions("m", until="2019-01-05")) == 2
    assert store.predictions("m", until=TIP - HOUR).empty


@pytest.mark.parametrize("statement", [update(PREDICTIONS).values(p=0.9), delete(PREDICTIONS)])
def test_the_database_itself_refuses_to_change_a_seal(store: Store, engine: Engine, statement: object) -> None:
    store.seal("m", forecasts("a"))
    with pytest.raises(Refused, match="sealed"), writing(engine, "cheat") as connection:
        connection.execute(statement)  # type: ignore[call-overload]
    assert store.predictions("m")["p"].tolist() == [0.6]


def test_a_moment_without_a_timezone_is_refused(store: Store) -> None:
    with pytest.raises(Refused, match=r"made_at of a .* no timezone"):
        store.seal("m", forecasts("a", made_at=datetime(2019, 1, 5, 12)))


def test_a_forecast_without_a_tip_off_is_refused(store: Store) -> None:
    with pytest.raises(Refused, match="tip_at of a"):
        store.seal("m", forecasts("a").assign(tip_at=pd.to_datetime([""])))


def test_a_missing_column_is_named(store: Store) -> None:
    with pytest.raises(Refused, match="lacks role"):
        store.seal("m", forecasts("a").drop(columns="role"))
