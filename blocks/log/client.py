"""One way to ask MLflow, with its errors turned into ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING

from blocks.errors import BackendError, NotFound, Refused, Unavailable

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

_MISSING = {"RESOURCE_DOES_NOT_EXIST", "NOT_FOUND"}
_REFUSED = {
    "INVALID_PARAMETER_VALUE",
    "PERMISSION_DENIED",
    "UNAUTHENTICATED",
    "INVALID_STATE",
    "RESOURCE_ALREADY_EXISTS",
}


@lru_cache(maxsize=8)
def client(tracking_uri: str) -> MlflowClient:
    """Return the client of a tracking URI, which serves as the registry's too; one a process."""
    from mlflow.tracking import MlflowClient

    return MlflowClient(tracking_uri=tracking_uri, registry_uri=tracking_uri)


@contextmanager
def asking(what: str, tracking_uri: str) -> Iterator[None]:
    """Turn MLflow's exceptions into ours; `what` says in words what was asked."""
    from mlflow.exceptions import MlflowException

    try:
        yield
    except MlflowException as error:
        raise translated(error, what, tracking_uri) from error
    except (ConnectionError, TimeoutError, OSError) as error:
        raise Unavailable(f"MLflow at {tracking_uri} did not answer when asked to {what}: {error}.", _UP) from error


_UP = "Is it running? `gamenight doctor` shows what is reachable."


def translated(error: Exception, what: str, tracking_uri: str) -> BackendError:
    """Return our error for one of MLflow's: missing, refused, or not reached."""
    code = getattr(error, "error_code", "INTERNAL_ERROR")
    text = str(error).splitlines()[0][:500]
    if code in _MISSING:
        return NotFound(f"MLflow at {tracking_uri} has nothing for: {what}. It says: {text}")
    if code in _REFUSED:
        return Refused(f"MLflow at {tracking_uri} refused to {what}. It says: {text}")
    return Unavailable(f"MLflow at {tracking_uri} could not {what}. It says: {text}", _UP)
