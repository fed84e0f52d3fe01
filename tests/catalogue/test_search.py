"""Versions are found by framework, stage, metrics, tags, text and age, and compared two by two."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from catalogue.conftest import Record

from blocks.catalogue.lineage import chain
from blocks.catalogue.search import Bound, Wanted, bound, search
from blocks.errors import Refused
from blocks.registry import Registry
from tasks.catalogue import compared, lineage_of, listing

pytestmark = pytest.mark.slow
MODEL = "many"
FRAMEWORKS = ("sklearn", "lightgbm", "pyfunc")


@pytest.fixture(scope="module")
def many(record: Record) -> Registry:
    """Return a registry with twelve versions, whose tags are those of a registration."""
    from blocks.log.client import client

    mlflow = client(record.uri)
    mlflow.create_registered_model(MODEL)
    for number in range(1, 13):
        tags = {
            "framework": FRAMEWORKS[number % 3],
            "lifecycle.stage": "production" if number > 10 else "staging",
            "metrics": f'{{"brier": {0.2 + number / 100:.2f}}}',
            "parameters": f'{{"C": "{number % 2}"}}',
            "signature": '{"elo": "double", "rest": "double"}' if number % 2 else '{"elo": "double"}',
            "trained_until": f"2019-01-{number:02d}",
            "team": "basketball" if number < 4 else "analytics",
            **({"parent": str(number - 1)} if number > 1 else {}),
        }
        mlflow.create_model_version(MODEL, "file:///nowhere", tags=tags, description=f"Rest days, take {number}")
    mlflow.set_registered_model_alias(MODEL, "champion", "12")
    return Registry(tracking_uri=record.uri)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Wanted(), range(1, 13)),
        (Wanted(framework="lightgbm"), (1, 4, 7, 10)),
        (Wanted(stage="production"), (11, 12)),
        (Wanted(metrics=(Bound("brier", "<", 0.23),)), (1, 2)),
        (Wanted(metrics=(Bound("brier", ">", 0.3), Bound("brier", "<=", 0.31))), (11,)),
        (Wanted(metrics=(Bound("log_loss", "<", 9),)), ()),
        (Wanted(tags={"team": "basketball"}, framework="sklearn"), (3,)),
        (Wanted(text="TAKE 7"), (7,)),
        (Wanted(text="basketball"), (1, 2, 3)),
        (Wanted(tags={"team": "curling"}), ()),
    ],
)
def test_every_condition_narrows_the_search(record: Record, many: Registry, wanted: Wanted, expected: Any) -> None:
    assert [int(row["version"]) for row in search(record.uri, MODEL, wanted)] == list(expected)


def test_age_counts_from_the_registration(record: Record, many: Registry) -> None:
    now = datetime.now(UTC)
    assert len(search(record.uri, MODEL, Wanted(since=now - timedelta(hours=1)))) == 12
    assert not search(record.uri, MODEL, Wanted(until=now - timedelta(hours=1)))


@pytest.mark.parametrize("text", ["brier", "brier<", "brier<low", "<0.2", "brier=<0.2", "a b<1"])
def test_what_is_no_bound_is_refused(text: str) -> None:
    with pytest.raises(Refused, match="no bound"):
        bound(text)


def test_a_quotation_mark_cannot_leave_the_filter(record: Record, many: Registry) -> None:
    with pytest.raises(Refused, match="quotation mark"):
        search(record.uri, MODEL, Wanted(tags={"team": "x' or name='"}))


def test_the_list_counts_by_stage_and_framework_and_knows_aliases(many: Registry) -> None:
    found = listing(many, MODEL, Wanted(stage="production"))
    assert found["statistics"] == {"stage": {"production": 2}, "framework": {"pyfunc": 1, "sklearn": 1}}
    assert [row["aliases"] for row in found["versions"]] == [[], ["champion"]]


def test_lineage_is_a_chain_with_its_descendants_and_a_picture(many: Registry) -> None:
    found = lineage_of(many, MODEL, "3")
    assert (found["chain"], found["descendants"]) == (["3", "2", "1"], [str(one) for one in range(4, 13)])
    assert ["2", "3"] in found["edges"]
    assert '  v3["3: staging"]:::asked' in found["mermaid"].splitlines()
    assert not found["cyclic"]


def test_a_circle_that_somebody_wrote_by_hand_ends() -> None:
    assert chain({"1": "3", "2": "1", "3": "2"}, "3") == ["3", "2", "1"]


def test_two_versions_side_by_side(many: Registry) -> None:
    rng = np.random.default_rng(0)
    p = rng.uniform(0.1, 0.9, 500)
    scored = pd.DataFrame({"1": p, "12": np.clip(p + 0.2, 0, 1), "outcome": (rng.random(500) < p).astype(float)})
    found = compared(many, MODEL, ("1", "champion"), scored)
    assert found["versions"] == ["1", "12"]
    assert found["metrics"]["brier"] == {
        "first": 0.21,
        "second": 0.32,
        "absolute": pytest.approx(0.11),
        "relative": pytest.approx(0.11 / 0.21),
    }
    assert found["parameters"]["C"] == {"first": "1", "second": "0", "same": False}
    assert found["schema"]["rest"] == {"first": "double", "second": None, "same": False}
    assert found["data"]["trained_until"]["same"] is False
    first, second = found["calibration"]["first"], found["calibration"]["second"]
    assert found["calibration"]["rows"] == 500
    assert first["brier"] == pytest.approx(float(np.mean((p - scored["outcome"]) ** 2)))
    assert first["brier"] < second["brier"]
    assert second["intercept"] < -0.5 < first["intercept"]
