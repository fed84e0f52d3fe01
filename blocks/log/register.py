"""MLflow's run params as a write-once register: the compare-and-set under every decision."""

from __future__ import annotations

from blocks.errors import Conflict, Refused
from blocks.log.client import asking, client, translated

LIMIT = 6000


def put_once(tracking_uri: str, run_id: str, key: str, value: str) -> None:
    """Write a param for good; the same value again is accepted, another one raises Conflict.

    The length is checked first, because MLflow cuts longer values without a word. Whatever MLflow complains of, the
    param is read again: under contention a lost race comes back as one of several errors.
    """
    from mlflow.exceptions import MlflowException

    if len(value) >= LIMIT:
        raise Refused(f"{key} of run {run_id} would take {len(value)} characters; a record holds {LIMIT}.")
    try:
        client(tracking_uri).log_param(run_id, key, value)
    except MlflowException as error:
        standing = params(tracking_uri, run_id).get(key)
        if standing == value:
            return
        if standing is None:
            raise translated(error, f"write {key} of run {run_id}", tracking_uri) from error
        raise Conflict(f"{key} of run {run_id} was written by somebody else first.", "Read it again.") from error


def params(tracking_uri: str, run_id: str) -> dict[str, str]:
    """Return all params of a run."""
    with asking(f"read run {run_id}", tracking_uri):
        return dict(client(tracking_uri).get_run(run_id).data.params)
