"""What the catalogue promises: the demo's model registered in under 10 s, 1,000 versions searched in under 1 s.

Both against MLflow's own REST server on SQLite, as the embedded stack runs it.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator

import pytest
from faults.serving import mlflow_server

from blocks.catalogue.registering import Terms
from blocks.catalogue.search import Bound, Wanted
from blocks.catalogue.trial import CLEAN
from blocks.log.client import client
from blocks.registry import Registry
from tasks.catalogue import listing
from tasks.nba.features import training_frame
from tasks.nba.seasons import generate_seasons
from tasks.nba.training import train
from tasks.registry import Window, cut, profile_of, trained

VERSIONS = 1000
MODEL = "nba-win"


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """Run MLflow's server."""
    with mlflow_server(tmp_path_factory.mktemp("mlflow")) as url:
        yield Registry(tracking_uri=url)


def show(line: str) -> None:
    """Write one line of the report."""
    sys.stdout.write(f"\n{line}")


def timed(work: Callable[[], object]) -> float:
    """Return how long a call took."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


@pytest.mark.parametrize("kind", ["logistic", "boosting"])
def test_registration_of_the_demos_model(registry: Registry, kind: str) -> None:
    import pandas as pd

    games = pd.concat([season.games for season in generate_seasons(2015, 7, 2)], ignore_index=True)
    frame = cut(training_frame(games), Window())
    uris = [registry.log_model(MODEL, trained(MODEL, kind, frame, train(frame, kind, seed), seed)) for seed in (0, 1)]
    terms = Terms(profile=profile_of)
    CLEAN.stop()
    cold = timed(lambda: registry.register(MODEL, uris[0], {}, terms))
    warm = timed(lambda: registry.register(MODEL, uris[1], {}, terms))
    again = timed(lambda: registry.register(MODEL, uris[1], {}, terms))
    tags = dict(registry.versions(MODEL)[-1]["tags"])  # type: ignore[call-overload]
    show(
        f"registration, {kind}: first {cold:.1f} s, next {warm:.1f} s, known already {again:.2f} s; twin {tags['twin']}"
    )
    assert cold < 10.0


def test_search_among_a_thousand_versions(registry: Registry) -> None:
    mlflow = client(registry.tracking_uri)
    mlflow.create_registered_model("many")
    run = mlflow.create_run("0").info.run_id
    for number in range(VERSIONS):
        metrics, parameters = (
            {"brier": 0.2 + number / 1e4, "log_loss": 0.6},
            {f"p{k}": str(number + k) for k in range(20)},
        )
        tags = {
            "framework": ("sklearn", "lightgbm")[number % 2],
            "lifecycle.stage": "staging" if number % 10 else "production",
            "metrics": json.dumps(metrics),
            "parameters": json.dumps(parameters),
            "author": "ana",
            "trained_until": "2019-04-10",
        }
        mlflow.create_model_version("many", f"runs:/{run}/model", run, tags=tags, await_creation_for=0)
    asked = {
        "all of them": (Wanted(), VERSIONS),
        "by framework, stage and metric": (
            Wanted(framework="sklearn", stage="production", metrics=(Bound("brier", "<", 0.25),)),
            50,
        ),
        "by text": (Wanted(text="lightgbm"), VERSIONS // 2),
    }
    for name, (wanted, expected) in asked.items():
        listing(registry, "many", wanted)
        taken = [timed(lambda wanted=wanted: listing(registry, "many", wanted)) for _ in range(3)]  # type: ignore[misc]
        show(f"search among {VERSIONS} versions, {name}: {sorted(taken)[1]:.2f} s")
        assert len(registry.search("many", wanted)) == expected
        assert sorted(taken)[1] < 1.0
