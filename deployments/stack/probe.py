"""What the doctor asks of a running stack."""

from __future__ import annotations

from typing import Any

from blocks.errors import Unavailable
from deployments.stack import servers
from deployments.stack.finding import Finding, fine, note, unreachable, wrong
from deployments.stack.home import Home
from deployments.stack.processes import answers
from deployments.stack.stack import Stack, attach

LATE_RUNS = 3


def probe_stack(home: Home) -> list[Finding]:
    """Return what is found of the stack that runs in a home; one finding where none runs."""
    stack = attach(home.root)
    if stack is None:
        record = home.live_record()
        if record is None:
            return [note("stack", f"none runs in {home.root}", "`gamenight up` starts one.")]
        return [note("stack", f"process {record.pid} is starting or stopping one", "Ask again in a minute.")]
    findings = [
        _reached("mlflow", f"{stack.urls.mlflow}/health", home),
        _reached("prefect", f"{stack.urls.prefect_api}/health", home),
    ]
    if stack.urls.gateway:
        findings.append(_gateway(stack))
    if findings[1].remedy == "":
        findings += _prefect(stack)
    return findings


def _reached(name: str, address: str, home: Home) -> Finding:
    if answers(address, timeout=5):
        return fine(name, address.rsplit("/", 1)[0])
    return unreachable(name, f"{address} does not answer", f"Read {home.logs / name}.log; `gamenight down`, then `up`.")


def _gateway(stack: Stack) -> Finding:
    import httpx

    try:
        answer = httpx.get(f"{stack.urls.gateway}/ping", timeout=5, trust_env=False)
    except httpx.TransportError:
        return _reached("gateway", f"{stack.urls.gateway}/version", stack.home)
    if answer.is_success:
        return fine("gateway", f"{stack.urls.gateway} is ready")
    why = answer.json().get("reason") or "it gives no reason"
    return note("gateway", f"{stack.urls.gateway} is up and not ready: {why}", "A first release makes it ready.")


def _prefect(stack: Stack) -> list[Finding]:
    """Ask for the worker, the deployments, the saved platform and runs that nobody has picked up."""
    pool = f"/work_pools/{servers.POOL}"
    try:
        workers = _ask(stack, f"{pool}/workers/filter", {}) or []
        deployed = _ask(stack, "/deployments/count", {"deployments": {"tags": {"all_": ["gamenight"]}}})
        late = _ask(stack, "/flow_runs/count", {"flow_runs": {"state": {"name": {"any_": ["Late"]}}}})
        saved = _ask(stack, "/block_types/slug/gamenight-platform/block_documents/name/local")
    except Unavailable as error:
        return [unreachable("prefect", str(error), f"Read {stack.home.logs / 'prefect.log'}.")]
    online = [one for one in workers if one.get("status") == "ONLINE"]
    return [
        fine("platform", "saved under the name local") if saved else note("platform", "not saved", _UP),
        fine("deployments", f"{deployed} deployed") if deployed else note("deployments", "none", _UP),
        fine("worker", f"{len(online)} online") if online else note("worker", "none is online", _UP),
        *([_late(late)] if isinstance(late, int) and late > LATE_RUNS else []),
    ]


_UP = "`gamenight up` does this; without it flows run only where a verb or a script runs them."


def _late(count: int) -> Finding:
    return wrong("schedules", f"{count} runs wait past their time", "Is a worker online? They run late, not never.")


def _ask(stack: Stack, path: str, body: dict[str, object] | None = None) -> Any:
    """Return the JSON answer of Prefect's REST API, None for what is not there."""
    import httpx

    try:
        with httpx.Client(base_url=stack.urls.prefect_api, timeout=10, trust_env=False) as client:
            answer = client.get(path) if body is None else client.post(path, json=body)
    except httpx.TransportError as error:
        raise Unavailable(f"Prefect at {stack.urls.prefect_api} did not answer {path}: {error}.") from error
    return answer.json() if answer.is_success else None
