"""Staging and production are two platforms; a version comes over with the same files and answers the same."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from blocks.__main__ import platform_of, words
from blocks.catalogue.trust import DIGEST_TAG
from blocks.errors import NotFound, Refused
from blocks.platform import Platform
from tasks.copying import copied
from tasks.nba.features import FEATURES
from tasks.nba.training import train
from tasks.registry import trained

pytestmark = pytest.mark.slow
MODEL = "nba-win"


def platform_in(folder: Path) -> Platform:
    said = {
        "--tracking-uri": f"sqlite:///{folder / 'mlflow.db'}",
        "--store-url": f"sqlite:///{folder / 'store.db'}",
        "--games": str(folder / "games"),
    }
    return platform_of(words([word for pair in said.items() for word in pair]), "")


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory, frame: pd.DataFrame) -> Iterator[tuple[Platform, Platform]]:
    """Return staging, with one version, and an empty production."""
    folders = [tmp_path_factory.mktemp(name) for name in ("staging", "production")]
    staging, production = (platform_in(folder) for folder in folders)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folders[0])
        found = trained(MODEL, "logistic", frame, train(frame, "logistic"), 0)
        uri = staging.registry.log_model(MODEL, found)
        staging.registry.register(MODEL, uri, {"author": "ana"})
        patch.chdir(folders[1])
        yield staging, production


def test_a_copy_has_the_same_digest_and_answers_and_comes_once(
    worlds: tuple[Platform, Platform], frame: pd.DataFrame
) -> None:
    staging, production = worlds
    first = copied(staging.registry, production.registry, MODEL, "1", "staging")
    assert copied(staging.registry, production.registry, MODEL, "1", "staging") == first
    here, there = (one.registry.version(MODEL, "1")["tags"] for one in worlds)
    assert isinstance(here, dict)
    assert isinstance(there, dict)
    assert there[DIGEST_TAG] == here[DIGEST_TAG] == first.digest
    assert there["trained_until"] == str(frame["date"].iloc[-1])[:10]
    assert (there["author"], there["copied.from"]) == ("ana", "staging 1")
    rows = frame[list(FEATURES)].tail(50)
    answers = [one.registry.load_model(MODEL, "1")(rows) for one in worlds]
    np.testing.assert_array_equal(*answers)


def test_what_is_quarantined_or_unknown_is_not_copied(worlds: tuple[Platform, Platform]) -> None:
    staging, production = worlds
    before = production.registry.versions(MODEL)
    with pytest.raises(NotFound):
        copied(staging.registry, production.registry, MODEL, "99", "staging")
    staging.registry.tag(MODEL, "1", "quarantined", "rolled back: failed")
    with pytest.raises(Refused, match="quarantined in staging: rolled back: failed"):
        copied(staging.registry, production.registry, MODEL, "1", "staging")
    assert production.registry.versions(MODEL) == before
