"""Where a model's log lives in MLflow: an experiment, its index run and its operations run.

The experiment `deploy/MODEL` is created once, and its tags name the two runs: its name is unique, so of several
creators one wins and the others read the winner's tags.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from blocks.errors import NotFound
from blocks.log.client import asking, client

INDEX_TAG = "gamenight.index"
OPERATIONS_TAG = "gamenight.operations"
HOME = "deploy"


@dataclass(frozen=True, slots=True)
class Places:
    """The ids of one model's log: its experiment, the run that orders its rollouts, the run of acts outside them."""

    experiment: str
    index: str
    operations: str


def find(tracking_uri: str, model: str) -> Places | None:
    """Return where a model's log lives, or None when nothing was ever rolled out."""
    try:
        return _found(tracking_uri, model)
    except NotFound:
        return None


@lru_cache(maxsize=256)
def _found(tracking_uri: str, model: str) -> Places:
    with asking(f"find the log of {model}", tracking_uri):
        experiment = client(tracking_uri).get_experiment_by_name(f"{HOME}/{model}")
    if experiment is None:
        raise NotFound(f"MLflow at {tracking_uri} has no log of {model}.")
    return Places(experiment.experiment_id, experiment.tags[INDEX_TAG], experiment.tags[OPERATIONS_TAG])


def create(tracking_uri: str, model: str) -> Places:
    """Return where a model's log lives, making it where there is none; safe when several do so at once."""
    from mlflow.exceptions import MlflowException

    found = find(tracking_uri, model)
    if found is not None:
        return found
    mlflow = client(tracking_uri)
    with asking(f"make the log of {model}", tracking_uri):
        home = _home(tracking_uri)
        index = mlflow.create_run(home, run_name=f"index {model}").info.run_id
        operations = mlflow.create_run(home, run_name=f"operations {model}").info.run_id
        try:
            mlflow.create_experiment(f"{HOME}/{model}", tags={INDEX_TAG: index, OPERATIONS_TAG: operations})
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
    return _found(tracking_uri, model)


def _home(tracking_uri: str) -> str:
    from mlflow.exceptions import MlflowException

    mlflow = client(tracking_uri)
    home = mlflow.get_experiment_by_name(HOME)
    if home is not None:
        return str(home.experiment_id)
    try:
        return str(mlflow.create_experiment(HOME))
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
        return str(mlflow.get_experiment_by_name(HOME).experiment_id)
