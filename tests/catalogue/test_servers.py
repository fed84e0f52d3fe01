"""Registration through MLflow's server, with its tables in PostgreSQL and its files behind the artifact proxy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from catalogue.conftest import COLUMNS, games, logistic, saved
from faults.serving import mlflow_server

from blocks.catalogue.fetching import PROXIED
from blocks.catalogue.registering import Terms
from blocks.catalogue.search import Bound, Wanted
from blocks.catalogue.trust import Tampered
from blocks.errors import Refused
from blocks.registry import Registry
from blocks.serving.models import Models
from tests.postgres import PostgresServer, postgres_or_skip

pytestmark = pytest.mark.slow
MODEL = "nba-win"


@dataclass(frozen=True)
class Served:
    """MLflow's server, the database behind it and the folder behind its proxy."""

    address: str
    database: str
    files: Path


@pytest.fixture(scope="module")
def postgres_server() -> Iterator[PostgresServer]:
    """Run PostgreSQL."""
    yield from postgres_or_skip()


@pytest.fixture(scope="module")
def served(postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Run MLflow's server on it."""
    folder, database = tmp_path_factory.mktemp("served"), postgres_server.new_database()
    with mlflow_server(folder, database) as address:
        yield Served(address, database, folder / "artifacts")


def test_a_version_goes_through_server_database_and_proxy_and_is_found_loaded_and_refused_when_changed(
    served: Served, tmp_path: Path
) -> None:
    from blocks.log.client import client

    registry, rows = Registry(tracking_uri=served.address), games(60)[COLUMNS]
    folder = saved(logistic(), tmp_path / "m")
    first = registry.register(MODEL, str(folder), {"author": "ana"})
    assert registry.register(MODEL, str(folder), {}) == first
    second = registry.register(MODEL, str(saved(logistic(C=0.2), tmp_path / "n")), {}, Terms(parent=first))
    unsigned = saved(logistic(), tmp_path / "o", signature=False, input_example=None)
    with pytest.raises(Refused, match="no signature"):
        registry.register(MODEL, str(unsigned), {})
    wanted = Wanted(framework="sklearn", stage="development", tags={"author": "ana"})
    assert [row["version"] for row in registry.search(MODEL, wanted)] == [first]
    assert not registry.search(MODEL, Wanted(metrics=(Bound("brier", "<", 1.0),)))
    assert registry.parents(MODEL) == {second: first}

    registry.set_alias(MODEL, "champion", second)
    expected = logistic(C=0.2).predict_proba(rows)[:, 1]
    np.testing.assert_allclose(registry.load_model(MODEL, "champion")(rows), expected, atol=1e-12)
    assert Models(served.address, MODEL, tmp_path / "cache").load(second).runtime == "onnxruntime"

    # the same without the server: from the database and the folder behind the proxy
    plainly = Registry(tracking_uri=served.database, files=str(served.files))
    np.testing.assert_allclose(plainly.load_model(MODEL, "latest")(rows), expected, atol=1e-12)
    assert plainly.verify(MODEL, second)["intact"]

    place = client(served.address).get_run(str(registry.version(MODEL, first)["run_id"])).info.artifact_uri
    assert place.startswith(PROXIED)
    kept = served.files / place.removeprefix(PROXIED).lstrip("/") / "model" / "model.skops"
    kept.write_bytes(kept.read_bytes() + b"x")
    with pytest.raises(Tampered, match=r"model\.skops"):
        registry.load_model(MODEL, first)
    assert registry.verify(MODEL, first)["changed"] == ["model.skops"]
