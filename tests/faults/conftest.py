"""A stage for plans that are killed, with models and an empty world made once a session."""

from __future__ import annotations

import logging
import os
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from faults.rehearsal import Stage, make_template
from faults.world import save_models


@pytest.fixture(scope="session")
def warm() -> None:
    """Import what every child needs, before any is forked; keep MLflow's chatter out of the report."""
    import mlflow.pyfunc
    import mlflow.store.model_registry.sqlalchemy_store
    import mlflow.store.tracking.sqlalchemy_store  # noqa: F401 - imported for the children
    import pandas  # noqa: F401 - imported for the children
    from sqlalchemy.orm import configure_mappers

    configure_mappers()

    os.environ["MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR"] = "false"
    logging.getLogger("mlflow").setLevel(logging.ERROR)
    logging.getLogger("alembic").setLevel(logging.ERROR)


@pytest.fixture(scope="session")
def model_folders(warm: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the tiny models."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        folder = save_models(tmp_path_factory.mktemp("models"))
    for model in folder.iterdir():
        _try(model)
    return folder


def _try(folder: Path) -> None:
    """Try a model as a registration does; the children, forked from here, then know the answer."""
    from blocks.catalogue.digest import source_digest
    from blocks.catalogue.fetching import described
    from blocks.catalogue.golden import golden_rows
    from blocks.catalogue.trial import tried

    tried(folder, source_digest(folder), golden_rows(described(folder, str(folder)), folder, None), str(folder))


@pytest.fixture(scope="session")
def template(warm: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a world in which nothing has happened yet."""
    return make_template(tmp_path_factory.mktemp("template") / "world")


@pytest.fixture
def stage(in_memory: Path, template: Path, model_folders: Path) -> Stage:
    """Return an empty stage."""
    return Stage(in_memory, model_folders, template)


@pytest.fixture
def in_memory(tmp_path: Path) -> Iterator[Path]:
    """Return a folder kept in memory where the machine has one: SIGKILL loses nothing that was written there."""
    memory = Path("/dev/shm")
    if not os.access(memory, os.W_OK):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(prefix="gamenight-", dir=memory) as folder:
        yield Path(folder)
