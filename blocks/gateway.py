"""The gateway as the flows see it: routes in, probabilities out."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import lru_cache
from typing import Any

import httpx
from prefect.blocks.core import Block
from pydantic import Field, SecretStr

from blocks.errors import NotFound, Refused, Unavailable

MISSING = 404
NOT_READY = 503
FIRST_ERROR = 400
LOADING_PATIENCE_S = 60.0
FIRST_FAULT_OF_THE_SERVER = 500


class Gateway(Block):
    """Talk to one gateway process over HTTP.

    Raises Unavailable where asking again may help, Refused and NotFound where it does not.
    """

    _block_type_name = "Gamenight Gateway"
    _block_type_slug = "gamenight-gateway"
    _description = "The online gateway of one model: its routes, its readiness, its predictions."

    url: str = Field(title="Address", description="Where the gateway listens, for example http://127.0.0.1:8600")
    token: SecretStr | None = Field(
        default=None, title="Operator's token", description="What GAMENIGHT_TOKEN was when the gateway was started."
    )
    timeout_seconds: float = Field(default=10.0, gt=0, title="Patience", description="Seconds to wait for an answer.")

    def put_routes(self, routes: Mapping[str, object]) -> bool:
        """Give the gateway a whole route table and return whether it is in force already.

        It is not while the champion is still being loaded. The rollout log has the last word at the next read.
        """
        return bool(self._ask("PUT", "/routes", json=dict(routes))["in_force"])

    def poke(self) -> None:
        """Have the gateway read the rollout log now."""
        self._ask("PUT", "/routes")

    def routes(self) -> dict[str, Any]:
        """Return the route table in force, with the model and the versions that are loaded."""
        return self._ask("GET", "/routes")

    def ready(self) -> bool:
        """Return whether the gateway may be sent requests; an address where nothing answers is not ready."""
        try:
            self._ask("GET", "/health")
        except Unavailable:
            return False
        return True

    def breakers(self) -> dict[str, str]:
        """Return the state of the breaker of every version that is loaded: closed, open or half_open."""
        return {version: str(one["breaker"]) for version, one in self._versions().items() if "breaker" in one}

    def tampered(self) -> dict[str, str]:
        """Return the versions that it refuses because their files are not the registered ones, each with what it says.

        A gateway that is not ready for this very reason is heard too.
        """
        return {version: str(one["failure"]) for version, one in self._versions().items() if one.get("tampered")}

    def predict(
        self, rows: Sequence[Mapping[str, object]], key: str | None = None, event_time: datetime | None = None
    ) -> dict[str, Any]:
        """Return `{"predictions", "version", "role", "request_id"}`: one probability a row, all from the key's arm.

        event_time: when the request counts as made, for nights that are replayed; needs the token.
        """
        headers = {} if key is None else {"x-routing-key": key}
        if event_time is not None:
            headers["x-event-time"] = event_time.isoformat()
        with self._asking("POST", "/invocations", headers=headers, json={"dataframe_records": list(rows)}) as answer:
            return {
                "predictions": answer.json()["predictions"],
                "version": answer.headers["x-model-version"],
                "role": answer.headers["x-model-role"],
                "request_id": answer.headers["x-request-id"],
            }

    def try_version(self, version: str, rows: Sequence[Mapping[str, object]]) -> list[float]:
        """Return what a version answers in this gateway, at weight 0: nobody else's request is given to it.

        Raises Refused where it does not load or does not answer, and NotFound for no such version.
        """
        request: dict[str, Any] = {"json": {"dataframe_records": list(rows)}, "timeout": LOADING_PATIENCE_S}
        with self._asking("POST", f"/versions/{version}/invocations", **request) as answer:
            return [float(value) for value in answer.json()["predictions"]]

    def flush(self) -> int:
        """Have every shadow score made and the journal shipped to the store; return the lines shipped by this call."""
        return int(self._ask("POST", "/journal/flush")["shipped"])

    def _versions(self) -> dict[str, dict[str, Any]]:
        with self._asking("GET", "/health", even_so=NOT_READY) as answer:
            said: dict[str, dict[str, Any]] = answer.json()["versions"]
            return said

    def _ask(self, method: str, path: str, **request: Any) -> dict[str, Any]:
        with self._asking(method, path, **request) as answer:
            said: dict[str, Any] = answer.json()
            return said

    @contextmanager
    def _asking(self, method: str, path: str, even_so: int = 0, **request: Any) -> Iterator[httpx.Response]:
        asked = f"{method} {path} of the gateway at {self.url}"
        if self.token is not None:
            request.setdefault("headers", {})["authorization"] = f"Bearer {self.token.get_secret_value()}"
        try:
            answer = _client(self.url, self.timeout_seconds, os.getpid()).request(method, path, **request)
            if answer.status_code != even_so:
                _check(answer, asked)
            yield answer
        except httpx.TransportError as error:
            raise Unavailable(f"{asked} got no answer: {error}.", "Is it running? See `gamenight doctor`.") from error
        except (KeyError, ValueError) as error:
            raise Unavailable(f"{asked} got an answer that is not the gateway's: {error!r}.") from error


@lru_cache(maxsize=8)
def _client(url: str, timeout_seconds: float, _process: int) -> httpx.Client:
    # The process is part of the key, because a connection must not cross a fork.
    return httpx.Client(base_url=url, timeout=timeout_seconds)


def _check(answer: httpx.Response, asked: str) -> None:
    if answer.status_code < FIRST_ERROR:
        return
    said = _message(answer)
    if answer.status_code == MISSING:
        raise NotFound(f"{asked}: {said}")
    if answer.status_code >= FIRST_FAULT_OF_THE_SERVER:
        raise Unavailable(f"{asked}: {said}")
    raise Refused(f"{asked}: {said}")


def _message(answer: httpx.Response) -> str:
    try:
        said = answer.json()
        return str(said.get("message") or said.get("reason") or answer.status_code)
    except (ValueError, AttributeError):
        return f"status {answer.status_code}"
