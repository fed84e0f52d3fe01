"""What may be loaded: the files that were registered, and a pickle only if it was registered here."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from catalogue.conftest import COLUMNS, Record, games, logistic, saved
from pydantic import SecretStr

from blocks.catalogue.fetching import fetch_version
from blocks.catalogue.loading import load, verify
from blocks.catalogue.registering import register
from blocks.catalogue.trust import Tampered
from blocks.catalogue.versions import version
from blocks.errors import Refused, Unavailable
from blocks.serving.models import Models
from blocks.store import Store
from tasks.catalogue import alert_of_tampering

pytestmark = pytest.mark.slow
NOW = datetime(2019, 1, 5, 12, tzinfo=UTC)


def artifacts(record: Record, model: str, number: str) -> Path:
    """Return the folder in which MLflow keeps a version's files."""
    from blocks.log.client import client

    run = client(record.uri).get_run(str(version(record.uri, model, number)["run_id"]))
    return Path(run.info.artifact_uri.removeprefix("file://")) / "model"


@pytest.fixture(scope="module")
def touched(record: Record, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Register a version, and change a file of it afterwards."""
    number = register(record.uri, "touched", str(saved(logistic(), tmp_path_factory.mktemp("m") / "m")), {})
    assert verify(record.uri, "touched", number)["intact"]
    (artifacts(record, "touched", number) / "model.skops").write_bytes(b"something else")
    return number


def test_a_changed_file_is_named_and_nothing_of_the_version_is_loaded(
    record: Record, touched: str, tmp_path: Path
) -> None:
    with pytest.raises(Tampered, match=r"Changed: model\.skops"):
        load(record.uri, "touched", touched)
    with pytest.raises(Tampered, match=r"Changed: model\.skops"):
        Models(record.uri, "touched", tmp_path).load(touched)
    found = verify(record.uri, "touched", touched)
    assert (found["intact"], found["changed"]) == (False, ["model.skops"])


def test_a_file_that_was_added_or_taken_away_is_named_too(record: Record, tmp_path: Path) -> None:
    number = register(record.uri, "grown", str(saved(logistic(C=7.0), tmp_path / "m")), {})
    folder = artifacts(record, "grown", number)
    (folder / "more.txt").write_text("more", encoding="utf-8")
    (folder / "registration" / "card.json").unlink()
    assert verify(record.uri, "grown", number)["changed"] == ["more.txt", "registration/card.json"]


def pickled_version(record: Record, model: str, folder: Path) -> str:
    """Register a pickled model by MLflow's own means, around this project."""
    from blocks.log.client import client

    saved(logistic(C=5.0), folder, serialization_format="cloudpickle")
    mlflow = client(record.uri)
    mlflow.create_registered_model(model)
    return str(mlflow.create_model_version(model, folder.as_uri()).version)


def test_a_pickle_that_was_not_registered_here_is_not_opened(record: Record, tmp_path: Path) -> None:
    number = pickled_version(record, "foreign", tmp_path / "m")
    for ask in (
        lambda: load(record.uri, "foreign", number),
        lambda: Models(record.uri, "foreign", tmp_path).load(number),
    ):
        with pytest.raises(Refused, match=r"not registered by this project.*model\.pkl"):
            ask()


def test_the_same_pickle_loads_once_it_is_registered_and_says_so(record: Record, tmp_path: Path) -> None:
    pickled_version(record, "adopted", tmp_path / "m")
    number = register(record.uri, "adopted", str(tmp_path / "m"), {})
    assert number == "2"
    assert load(record.uri, "adopted", number)(games(5)[COLUMNS]).shape == (5,)
    assert dict(version(record.uri, "adopted", number)["tags"])["serialization"] == "cloudpickle"  # type: ignore[call-overload]


def test_tampering_opens_one_alert_that_stays_one(touched: str, tmp_path: Path) -> None:
    store = Store(url=SecretStr(f"sqlite:///{tmp_path / 'store.db'}"))
    store.migrate()
    first = alert_of_tampering(store, None, ("touched", touched), "model.skops was changed", NOW)
    assert first is not None
    assert alert_of_tampering(store, None, ("touched", touched), "model.skops was changed", NOW) is None
    (row,) = store.alerts("touched", open_only=True).to_dict("records")
    assert (row["body"]["type"], row["body"]["severity"], row["body"]["version"]) == ("tampered", "CRITICAL", touched)


def test_a_version_whose_files_are_gone_is_unavailable_and_not_half_loaded(record: Record, tmp_path: Path) -> None:
    number = register(record.uri, "gone", str(saved(logistic(C=6.0), tmp_path / "m")), {})
    shutil.rmtree(artifacts(record, "gone", number))
    with pytest.raises(Unavailable, match="cannot be fetched"):
        fetch_version(record.uri, "gone", number, tmp_path / "to")
