"""Registration: a model becomes a version whole or not at all, and the same content once."""

from __future__ import annotations

import importlib
import json
import re
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Literal

import numpy as np

from blocks.catalogue import card, golden, trial
from blocks.catalogue.digest import digest, manifest, source_digest
from blocks.catalogue.fetching import Origin, described, fetch, origin
from blocks.catalogue.lineage import PARENT_TAG, adopt, must_be_known
from blocks.catalogue.models import SIGNATURE_TAG, columns_of
from blocks.catalogue.native import Native, native_of
from blocks.catalogue.trust import DIGEST_TAG, MANIFEST
from blocks.catalogue.twin import Agreement, Original, add_twin, agreement_from
from blocks.errors import Refused
from blocks.log.client import asking, client

if TYPE_CHECKING:
    from mlflow.models import Model
    from pandas import DataFrame

SOURCE_TAG = "source.digest"
RUN_TAG = "source.run"
LIFECYCLE_TAG = "lifecycle.stage"
REFERENCE = "registration/reference.json"
FILES_KEPT_BY_RUNS = {"reference.json": REFERENCE}
"""Text files of a training run that go with the version."""
NEEDED_AFTER_A_TRIAL = ("mlflow.pyfunc", "mlflow.sklearn", "onnxruntime", "skl2onnx")
NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$")


@dataclass(frozen=True, slots=True)
class Terms:
    """What a registration is asked for beside the model.

    parent: the version that it succeeds, by demand; otherwise: what a new version succeeds when nobody said.
    rows: raw rows for the golden ones and the twin, instead of the model's input example. profile: makes the text of a
    reference profile from rows and their scores, for a model whose run kept none; empty where they are too few.
    """

    parent: str | None = None
    otherwise: str | None = None
    description: str = ""
    rows: DataFrame | None = None
    twin: Literal["auto", "off", "required"] = "auto"
    tolerance: float = 1e-6
    profile: Callable[[DataFrame, np.ndarray], str] = lambda rows, scores: ""


@dataclass(slots=True)
class Package:
    """A model folder that is being made ready: the copy, what it says of itself, and the record's tags for it."""

    folder: Path
    model: Model
    uri: str
    sha: str
    came: Origin
    tags: dict[str, str] = field(default_factory=dict)


def register(tracking_uri: str, name: str, uri: str, tags: Mapping[str, str], terms: Terms | None = None) -> str:
    """Return the version of a model URI or local model folder, registered once for the same content.

    Raises Refused, and leaves nothing behind, for what is no model folder, has no signature, does not load in a clean
    process, or answers its golden rows differently the second time; NotFound for a parent that is no version.
    """
    asked = terms or Terms()
    if not NAME.match(name):
        raise Refused(f"{name!r} is no name for a model.", "Use letters, digits, '_', '.' and '-', at most 63.")
    with TemporaryDirectory() as place:
        folder = fetch(tracking_uri, uri, Path(place))
        model, sha = described(folder, uri), source_digest(folder)
        if asked.parent is not None:
            must_be_known(tracking_uri, name, asked.parent)
        known = registered(tracking_uri, name, sha)
        if known is None:
            package = Package(folder, model, uri, sha, origin(tracking_uri, model, uri), dict(tags))
            _prepare(tracking_uri, package, asked)
            _create(tracking_uri, name, package, asked)
            known = str(registered(tracking_uri, name, sha))
    if asked.parent is not None:
        adopt(tracking_uri, name, known, asked.parent)
    return known


def registered(tracking_uri: str, name: str, sha: str) -> str | None:
    """Return the oldest version of this content: of several who register it at once, all get the same answer."""
    with asking(f"look for this content among the versions of {name}", tracking_uri):
        found = [
            str(one.version)
            for tag in (SOURCE_TAG, DIGEST_TAG)
            for one in client(tracking_uri).search_model_versions(f"name='{name}' and tags.`{tag}`='{sha}'")
        ]
    return min(found, key=int) if found else None


def _prepare(tracking_uri: str, package: Package, terms: Terms) -> None:
    """Try the model and write the registration's files into its folder; a folder that has them already stays as it is.

    So a version that is copied to another registry keeps its digest.
    """
    standing = card.card_from(package.folder)
    if standing is not None and _is_whole(package.folder):
        rows = golden.golden_from_text((package.folder / golden.PLACE).read_text(encoding="utf-8"))
        _must_repeat(package, rows, np.array(rows.scores))
        agreed = agreement_from(package.folder) or Agreement(False, "none was made", terms.tolerance)
        _tag(package, standing, agreed)
        return
    for added in ("registration", "twin"):
        shutil.rmtree(package.folder / added, ignore_errors=True)
    (package.folder / "registration").mkdir()
    trial.CLEAN.start()
    for name in NEEDED_AFTER_A_TRIAL:  # while the clean process imports what it needs
        importlib.import_module(name)
    rows = golden.golden_rows(package.model, package.folder, terms.rows)
    tried = trial.tried(package.folder, package.sha, rows, package.uri)
    native, agreed = _look_inside(package, rows, tried, terms)
    if terms.twin == "required" and not agreed.kept:
        raise Refused(f"{package.uri} has no fast twin: {agreed.why}.", "Say twin: {onnx: auto} in the policy.")
    _keep_files_of_the_run(tracking_uri, package)
    made = card.card_of(package.model, package.folder, native, package.came)
    (package.folder / card.PLACE).write_text(made.to_text(), encoding="utf-8")
    (package.folder / MANIFEST).write_text(json.dumps(manifest(package.folder), indent=0), encoding="utf-8")
    _tag(package, made, agreed)


def _is_whole(folder: Path) -> bool:
    from blocks.catalogue.trust import changed_files

    return (folder / golden.PLACE).is_file() and (folder / MANIFEST).is_file() and not changed_files(folder)


def _must_repeat(package: Package, rows: golden.Golden, scores: np.ndarray) -> None:
    tried = trial.tried(package.folder, package.sha, rows, package.uri)
    if tried is not None and golden.differ(tried, scores):
        said = f"{package.uri} does not give its golden rows the scores of its first registration."
        raise Refused(said, "Compare the versions of its libraries: `requirements.txt` in its folder.")


def _look_inside(
    package: Package, rows: golden.Golden, tried: np.ndarray | None, terms: Terms
) -> tuple[object, Agreement]:
    """Ask the model here too, keep its golden rows and its profile, and make its twin; return its estimator."""
    import mlflow.pyfunc

    loaded = mlflow.pyfunc.load_model(str(package.folder))
    native = native_of(package.model, package.folder)
    agreed = Agreement(False, "the policy says twin: {onnx: off}", terms.tolerance)
    if tried is None:
        agreed = Agreement(False, "it has no input example to hold a twin against", terms.tolerance)
    else:
        inputs = rows.inputs(package.model)
        here = golden.answers(loaded.predict, inputs)
        if golden.differ(here, tried):
            raise Refused(f"{package.uri} answers the same rows differently in another process.", trial.REPEATS)
        rows = rows.scored(tried)
        profile = terms.profile(inputs, tried) if not isinstance(inputs, np.ndarray) and rows.own else ""
        if profile:
            (package.folder / REFERENCE).write_text(profile, encoding="utf-8")
        if terms.twin != "off":
            agreed = _twin(package, native, Original(inputs, native.ask if native else loaded.predict), terms)
    (package.folder / golden.PLACE).write_text(rows.to_text(), encoding="utf-8")
    return native.estimator if native else None, agreed


def _twin(package: Package, native: Native | None, original: Original, terms: Terms) -> Agreement:
    from threadpoolctl import threadpool_limits

    # thousands of small questions: threads would spend their time waiting for each other
    with threadpool_limits(1):
        return add_twin(package.folder, package.model, native, original, terms.tolerance)


def _keep_files_of_the_run(tracking_uri: str, package: Package) -> None:
    if package.came.run_id is None:
        return
    with asking(f"read the files of run {package.came.run_id}", tracking_uri):
        there = {one.path for one in client(tracking_uri).list_artifacts(package.came.run_id)}
        for name, place in FILES_KEPT_BY_RUNS.items():
            if name in there:
                with TemporaryDirectory() as scratch:
                    found = client(tracking_uri).download_artifacts(package.came.run_id, name, scratch)
                    (package.folder / place).write_bytes(Path(found).read_bytes())


def _tag(package: Package, made: card.Card, agreed: Agreement) -> None:
    told = {
        SOURCE_TAG: package.sha,
        **({RUN_TAG: package.came.run_id} if package.came.run_id else {}),
        DIGEST_TAG: digest(package.folder),
        "source.uri": package.uri[: card.LONGEST],
        LIFECYCLE_TAG: "development",
        "twin": agreed.told()[: card.LONGEST],
    }
    signature = json.dumps(columns_of(package.model))
    if len(signature) <= card.LONGEST:
        told[SIGNATURE_TAG] = signature
    if agreed.gap is not None:
        told["twin.gap"] = f"{agreed.gap:.3g}"
    package.tags = {**made.tags(), **package.tags, **told}


def _create(tracking_uri: str, name: str, package: Package, terms: Terms) -> None:
    """Hand in the folder, then make the version with all its tags in one call."""
    import mlflow
    from mlflow.exceptions import MlflowException

    parent = terms.parent or terms.otherwise
    if parent is not None:
        package.tags[PARENT_TAG] = parent
    with asking(f"hand in the files of {package.uri}", tracking_uri):
        mlflow.set_tracking_uri(tracking_uri)
        experiment = mlflow.set_experiment(f"train/{name}").experiment_id
        log = client(tracking_uri)
        run = log.create_run(experiment, run_name=f"register {package.sha[:12]}").info.run_id
        _tell_its_past(tracking_uri, run, package.came)
        log.log_artifacts(run, str(package.folder), "model")
        log.set_terminated(run)
    with asking(f"register {package.uri} as {name}", tracking_uri):
        try:
            log.create_registered_model(name)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
        log.create_model_version(
            name,
            f"runs:/{run}/model",
            run_id=run,
            await_creation_for=0,
            tags=package.tags,
            description=terms.description or None,
        )


def _tell_its_past(tracking_uri: str, run: str, came: Origin) -> None:
    """Repeat what the training run says in the run that holds the files: a version may only name that one."""
    from mlflow.entities import Metric, Param

    now = int(time.time() * 1000)
    metrics = [Metric(key, value, now, 0) for key, value in came.metrics.items()]
    params = [Param(key, value) for key, value in came.params.items()]
    for start in range(0, max(len(metrics), len(params)), 100):
        part = slice(start, start + 100)
        client(tracking_uri).log_batch(run, metrics[part], params[part])
