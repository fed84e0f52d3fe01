"""The gateway's HTTP face: raw ASGI, one table of paths."""

from __future__ import annotations

import asyncio
import itertools
import logging
import secrets
from dataclasses import dataclass, field
from datetime import datetime
from importlib.metadata import version as installed
from typing import TYPE_CHECKING

import msgspec

from blocks.errors import BackendError, NotFound, Refused
from blocks.serving import protocol_mlflow
from blocks.serving.http import (
    TEXT,
    ClientGone,
    Headers,
    Request,
    Response,
    json_response,
    read_body,
    refusal_response,
    send_response,
)
from blocks.serving.question import Question, described
from blocks.serving.refusal import Refusal, not_ready

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from blocks.serving.auth import Door
    from blocks.serving.health import Health
    from blocks.serving.http import Receive, Scope, Send
    from blocks.serving.metrics import Metrics
    from blocks.serving.scorer import Scorer
    from blocks.serving.shadow import Shadow
    from blocks.serving.shipper import Shipper
    from blocks.serving.watcher import Watcher

    Endpoint = Callable[[Request, "Headers"], Awaitable[Response]]

LOG = logging.getLogger(__name__)
JSON_TYPES = (b"application/json", b"application/x-www-form-urlencoded")  # curl -d names the second when not told
FLUSH_PATIENCE_S = 10.0


def tried_version(path: str) -> str:
    """Return the version that a path asks to try, or an empty text.

    >>> tried_version("/versions/7/invocations"), tried_version("/invocations")
    ('7', '')
    """
    parts = path.split("/")
    is_one = len(parts) == 4 and (parts[1], parts[3]) == ("versions", "invocations") and parts[2].isdecimal()
    return parts[2] if is_one else ""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one request may be."""

    body_bytes: int
    key_field: str


@dataclass(slots=True)
class App:
    """Answer HTTP; every part does its own thinking."""

    model: str
    watcher: Watcher
    scorer: Scorer
    shadow: Shadow
    shipper: Shipper | None
    health: Health
    metrics: Metrics
    door: Door
    limits: Limits
    _boot: str = field(default_factory=lambda: secrets.token_hex(6))
    _numbers: itertools.count[int] = field(default_factory=itertools.count)
    _endpoints: dict[str, dict[str, Endpoint]] = field(init=False)

    def __post_init__(self) -> None:
        """Lay out the paths."""
        self._endpoints = {
            "/invocations": {"POST": self._score},
            f"/endpoints/{self.model}/invocations": {"POST": self._score},
            "/ping": {"GET": self._health},
            "/health": {"GET": self._health},
            "/version": {"GET": self._version},
            "/routes": {"GET": self._show_routes, "PUT": self._put_routes},
            "/journal/flush": {"POST": self._flush},
            "/metrics": {"GET": self._metrics},
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; anything but HTTP is none of ours."""
        if scope["type"] != "http":
            return
        headers = dict(scope["headers"])
        marks: Headers = []
        try:
            endpoint = self._endpoint(scope["path"], scope["method"])
            body = await read_body(receive, headers, self.limits.body_bytes) if scope["method"] != "GET" else b""
            response = await endpoint(Request(scope["method"], scope["path"], headers, body), marks)
        except Refusal as refusal:
            response = refusal_response(refusal, marks)
        except ClientGone:
            return
        except Exception:  # the caller gets a sentence and a number to quote, the log gets the trace
            LOG.exception("%s %s broke", scope["method"], scope["path"])
            response = refusal_response(Refusal(500, "The gateway failed on this request; its log says why."), marks)
        await send_response(send, response)

    def _endpoint(self, path: str, method: str) -> Endpoint:
        methods = {"POST": self._try} if tried_version(path) else self._endpoints.get(path)
        if methods is None:
            raise Refusal(404, f"There is no {path[:200]} here; this gateway serves {self.model}.")
        endpoint = methods.get("GET" if method == "HEAD" else method)
        if endpoint is None:
            raise Refusal(405, f"{path} takes {', '.join(methods)}.", {"allow": list(methods)})
        return endpoint

    async def _score(self, request: Request, marks: Headers) -> Response:
        request_id = request.text(b"x-request-id") or f"{self._boot}-{next(self._numbers):x}"
        marks.append((b"x-request-id", request_id.encode()))
        self.door.admit_reader(request.headers.get(b"authorization"))
        event_time = self._event_time(request)
        table = self.watcher.table
        if table is None or self.health.recorder.when_full == "refuse":
            why = self.health.why_not_ready()
            if table is None or why is not None:
                raise not_ready(why or "no version is loaded")
        kind = request.headers.get(b"content-type")
        if kind is not None and not kind.startswith(JSON_TYPES):
            raise Refusal(415, "Send application/json.", {"field": "content-type"})
        batch = protocol_mlflow.decode(request.body)
        key = request.text(b"x-routing-key") or batch.key_of(self.limits.key_field) or request_id
        reply = await self.scorer.answer(table, Question(batch, request_id, key, event_time))
        marks += [(b"x-model-version", reply.version.encode()), (b"x-model-role", reply.role.encode())]
        return Response(
            200, protocol_mlflow.encode(reply.predictions), [(b"content-type", b"application/json"), *marks]
        )

    def _event_time(self, request: Request) -> float | None:
        text = request.text(b"x-event-time")
        if text is None:
            return None
        self.door.admit_operator(request.headers.get(b"authorization"), "set x-event-time")
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            at = None
        if at is None or at.tzinfo is None:
            raise Refusal(400, f"x-event-time is {text!r}, not ISO 8601 with an offset.", {"field": "x-event-time"})
        return at.timestamp()

    async def _health(self, request: Request, marks: Headers) -> Response:
        report = self.health.report()
        if report["ready"]:
            return json_response(200, report)
        return json_response(503, report, [(b"retry-after", b"1")])

    async def _version(self, request: Request, marks: Headers) -> Response:
        return Response(200, installed("mlflow").encode(), [TEXT])

    async def _show_routes(self, request: Request, marks: Headers) -> Response:
        self.door.admit_reader(request.headers.get(b"authorization"))
        table = self.watcher.table
        if table is None:
            raise not_ready(self.health.why_not_ready() or "no routes are in force")
        loaded = sorted(table.seats)
        return json_response(200, {"model": self.model, **table.routes, "loaded": loaded})

    async def _put_routes(self, request: Request, marks: Headers) -> Response:
        self.door.admit_operator(request.headers.get(b"authorization"), "change routes")
        if not request.body.strip():
            self.watcher.poke()
            return json_response(202, {"model": self.model, "in_force": False})
        try:
            routes = msgspec.json.decode(request.body)
        except (msgspec.DecodeError, RecursionError) as wrong:
            raise Refusal(400, f"Malformed JSON: {wrong}.") from None
        if isinstance(routes, dict) and routes.get("model", self.model) != self.model:
            raise Refusal(400, f"These routes are of {routes['model']!r}; this gateway serves {self.model}.")
        try:
            in_force = self.watcher.offer(routes)
        except Refused as refused:
            raise Refusal(400, str(refused), {"field": "routes"}) from None
        return json_response(200 if in_force else 202, {"model": self.model, "in_force": in_force})

    async def _try(self, request: Request, marks: Headers) -> Response:
        """Have a version answer whether or not a route names it: no key is its, and nothing is journalled."""
        self.door.admit_operator(request.headers.get(b"authorization"), "try a version")
        version = tried_version(request.path)
        batch = protocol_mlflow.decode(request.body)
        try:
            model = await asyncio.to_thread(self.watcher.models.load, version)
            values = await asyncio.to_thread(model.predict, model.schema.features(batch), len(batch))
        except NotFound as unknown:
            raise Refusal(404, str(unknown)) from None
        except BackendError as broken:
            raise Refusal(424, f"Version {version} does not load: {broken}") from None
        except Refusal as wrong:
            raise Refusal(424, f"Version {version} refuses these rows: {wrong.message}") from None
        except Exception as broken:  # noqa: BLE001  a model is foreign code and may raise anything
            LOG.warning("version %s, which was tried, failed: %r", version, broken)
            raise Refusal(424, f"Version {version} fails on these rows: {described(broken)}.") from None
        return Response(200, protocol_mlflow.encode(values.tolist()), [(b"content-type", b"application/json")])

    async def _flush(self, request: Request, marks: Headers) -> Response:
        """Score what waits for its shadow, and ship what waits for the store."""
        self.door.admit_operator(request.headers.get(b"authorization"), "flush the journal")
        if self.shipper is None:
            raise Refusal(503, "This gateway was started without a store.")
        is_drained = await asyncio.to_thread(self.shadow.drain, FLUSH_PATIENCE_S)
        self.health.recorder.writer.drain()
        try:
            lines = await asyncio.to_thread(self.shipper.flush)
        except BackendError as away:
            raise Refusal(503, f"The journal waits in the spool: {away}", retry_after_s=1) from None
        return json_response(200, {"shipped": lines, "shadow_drained": is_drained})

    async def _metrics(self, request: Request, marks: Headers) -> Response:
        self.metrics.spool_bytes.set(self.health.recorder.spool.held_bytes)
        self.metrics.shipped.set(self.shipper.shipped if self.shipper else 0)
        self.metrics.ready.set(self.health.why_not_ready() is None)
        return Response(
            200, self.metrics.exposition(), [(b"content-type", b"text/plain; version=0.0.4; charset=utf-8")]
        )
