"""A model becomes a version whole or not at all, and the same content once."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from catalogue.conftest import COLUMNS, MODEL, Record, games, logistic, saved

from blocks.catalogue.loading import load, text_of, verify
from blocks.catalogue.registering import Terms, register
from blocks.catalogue.versions import tag, version, versions
from blocks.errors import NotFound, Refused
from blocks.registry import Registry
from tasks.drift.phases import PhasedProfile
from tasks.registry import profile_of

pytestmark = pytest.mark.slow


def tags_of(record: Record, number: str, model: str = MODEL) -> dict[str, Any]:
    return dict(version(record.uri, model, number)["tags"])  # type: ignore[call-overload,no-any-return]


@pytest.fixture(scope="module")
def logged(record: Record) -> Any:
    """Return what log_model returned for a run with params and metrics."""
    import mlflow

    rows = games(60)[COLUMNS]
    pipeline = logistic(C=0.5)
    with mlflow.start_run():
        mlflow.log_params(
            {"C": 0.5, "trained_from": "2018-10-16", "trained_until": "2019-04-10", "data_digest": "ab12"}
        )
        mlflow.log_metrics({"brier": 0.21})
        return mlflow.sklearn.log_model(
            pipeline,
            name="model",
            signature=mlflow.models.infer_signature(rows, pipeline.predict_proba(rows)),
            input_example=rows,
            pyfunc_predict_fn="predict_proba",
            serialization_format="skops",
            pip_requirements=[],
        )


@pytest.fixture(scope="module")
def first(record: Record, logged: Any) -> str:
    """Register it."""
    terms = Terms(description="with rest days", profile=profile_of)
    return register(record.uri, MODEL, logged.model_uri, {"author": "ana", "team": "basketball"}, terms)


def test_a_version_says_what_it_is_where_it_comes_from_and_what_people_say_of_it(
    record: Record, first: str, logged: Any
) -> None:
    row, tags = version(record.uri, MODEL, first), tags_of(record, first)
    assert row["description"] == "with rest days"
    expected = {
        "framework": "sklearn",
        "algorithm": "LogisticRegression",
        "serialization": "skops",
        "author": "ana",
        "team": "basketball",
        "trained_from": "2018-10-16",
        "trained_until": "2019-04-10",
        "data_digest": "ab12",
        "source.run": logged.run_id,
        "source.uri": logged.model_uri,
        "lifecycle.stage": "development",
    }
    assert {name: tags.get(name) for name in expected} == expected
    assert json.loads(tags["parameters"]) == {"C": "0.5"}
    assert json.loads(tags["metrics"]) == {"brier": 0.21}
    assert json.loads(tags["signature"]) == dict.fromkeys(COLUMNS, "double")
    assert tags["code_version"]


def test_the_run_that_holds_the_files_repeats_what_the_training_run_says(record: Record, first: str) -> None:
    run_id = str(version(record.uri, MODEL, first)["run_id"])
    assert Registry(tracking_uri=record.uri).run_params(run_id)["trained_until"] == "2019-04-10"


def test_golden_rows_keep_the_scores_of_the_model_and_the_profile_its_predictions(record: Record, first: str) -> None:
    golden = json.loads(text_of(record.uri, MODEL, first, "registration/golden.json"))
    rows = games(60)[COLUMNS]
    assert golden["columns"] == COLUMNS
    np.testing.assert_allclose(golden["rows"], rows.to_numpy())
    np.testing.assert_allclose(golden["scores"], load(record.uri, MODEL, first)(rows), atol=1e-12)
    profile = PhasedProfile.from_dict(json.loads(text_of(record.uri, MODEL, first, "registration/reference.json")))
    assert set(profile.columns) == {*COLUMNS, "prediction"}
    assert verify(record.uri, MODEL, first)["intact"]


def test_a_run_a_model_uri_and_a_folder_of_one_content_are_one_version(
    record: Record, first: str, logged: Any, tmp_path: Path
) -> None:
    import mlflow

    before = record.left()
    folder = mlflow.artifacts.download_artifacts(logged.model_uri, dst_path=str(tmp_path))
    for uri in (logged.model_uri, f"runs:/{logged.run_id}/model", folder):
        assert register(record.uri, MODEL, uri, {}) == first
    assert record.left() == before


def test_description_and_tags_that_people_change_later_are_kept(record: Record, first: str, logged: Any) -> None:
    from blocks.log.client import client

    client(record.uri).update_model_version(MODEL, first, "the one of the play-offs")
    tag(record.uri, MODEL, first, "team", "analytics")
    assert register(record.uri, MODEL, logged.model_uri, {"team": "basketball"}, Terms(description="x")) == first
    assert version(record.uri, MODEL, first)["description"] == "the one of the play-offs"
    assert tags_of(record, first)["team"] == "analytics"


def pyfunc_in(folder: Path, name: str, signed: bool = True) -> str:
    """Save a custom model with the code it needs, and return its folder."""
    import mlflow
    from catalogue import hostile_model

    rows = games(20)[COLUMNS]
    said = {"signature": mlflow.models.infer_signature(rows, [0.5]), "input_example": rows} if signed else {}
    code = [str(Path(hostile_model.__file__).parent)]
    sys.path.insert(0, str(Path(hostile_model.__file__).parents[1]))
    try:
        mlflow.pyfunc.save_model(
            folder, python_model=getattr(hostile_model, name)(), code_paths=code, pip_requirements=[], **said
        )
    finally:
        sys.path.pop(0)
    return str(folder)


def refused(record: Record, uri: str, says: str, **terms: Any) -> None:
    """Have a model refused with a remedy, and see that nothing is left of it."""
    before = record.left()
    with pytest.raises((Refused, NotFound), match=says) as told:
        register(record.uri, "rejects", uri, {}, Terms(**terms))
    assert told.value.remedy
    assert record.left() == before


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_what_does_not_load_or_repeat_itself_in_a_clean_process_gets_no_number(record: Record, tmp_path: Path) -> None:
    refused(record, pyfunc_in(tmp_path / "a", "Random"), "differently the second time")
    unloadable = pyfunc_in(tmp_path / "b", "EloGap")
    shutil.rmtree(Path(unloadable) / "code")
    (
        Path(unloadable) / "code"
    ).mkdir()  # here its class can be imported all the same, as on the machine of its training
    refused(record, unloadable, "does not load in a clean process")


def test_a_model_without_a_signature_is_refused(record: Record, tmp_path: Path) -> None:
    refused(record, str(saved(logistic(), tmp_path / "m", signature=False, input_example=None)), "no signature")


def test_a_folder_that_is_no_model_or_is_damaged_is_refused(record: Record, tmp_path: Path) -> None:
    refused(record, str(tmp_path / "nowhere"), "holds no file MLmodel")
    damaged = saved(logistic(), tmp_path / "m")
    (damaged / "MLmodel").write_text("{", encoding="utf-8")
    refused(record, str(damaged), "cannot be read")


def test_a_model_that_refuses_its_own_example_is_refused(record: Record, tmp_path: Path) -> None:
    folder = saved(logistic(), tmp_path / "m")
    rows = games(20)[COLUMNS].astype(object).assign(rest="two days")
    refused(record, str(folder), "does not answer its own rows", rows=rows)


def test_unknown_and_cyclic_parents_are_refused(record: Record, tmp_path: Path) -> None:
    one = saved(logistic(C=2.0), tmp_path / "one")
    two = saved(logistic(C=3.0), tmp_path / "two")
    refused(record, str(one), "no version of rejects", parent="7")
    refused(record, str(one), "no version of rejects", parent="champion")
    name = "family"
    old = register(record.uri, name, str(one), {})
    new = register(record.uri, name, str(two), {}, Terms(parent=old))
    assert tags_of(record, new, name)["parent"] == old
    with pytest.raises(Refused, match="descends from version"):
        register(record.uri, name, str(one), {}, Terms(parent=new))
    with pytest.raises(Refused, match="descends from version"):
        register(record.uri, name, str(one), {}, Terms(parent=old))
    third = register(record.uri, name, str(saved(logistic(C=4.0), tmp_path / "three")), {}, Terms(otherwise=new))
    with pytest.raises(Refused, match="its parent is 2"):
        register(record.uri, name, str(tmp_path / "three"), {}, Terms(parent=old))
    assert tags_of(record, third, name)["parent"] == new
    assert [row["version"] for row in versions(record.uri, name)] == [old, new, third]


@pytest.mark.parametrize("name", ["", "../x", "a'b", "x" * 64])
def test_a_name_that_could_not_be_a_folder_or_a_filter_is_refused(record: Record, name: str) -> None:
    with pytest.raises(Refused, match="no name for a model"):
        register(record.uri, name, "anything", {})
