"""The deployments of a project on a running stack: blocks saved, flows deployed, a worker that runs them."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from blocks.errors import Unavailable
from deployments.stack import environment, servers
from deployments.stack.stack import Stack

PREFECT_FILE = Path("deployments") / "prefect.yaml"
STEP_SECONDS = 180.0
POOL_SECONDS = 60.0


def block_words(stack: Stack) -> list[str]:
    """Return the words of `python -m blocks` that describe a stack under the name `local`."""
    options = {
        "--name": "local",
        "--tracking-uri": stack.urls.mlflow,
        "--store-url": stack.home.store_url,
        "--gateway-url": stack.urls.gateway,
        "--games": str(stack.home.games),
        "--models-dir": str(servers.ROOT / "deployments" / "models"),
        "--publications": str(stack.home.root / "published"),
        "--notices": str(stack.home.root / "notices.jsonl"),
    }
    return [word for option, value in options.items() if value for word in (option, value)]


def save_blocks(stack: Stack) -> None:
    """Save the documents that flows open by the name `local`; raises Unavailable with the end of the log."""
    _run(stack, "blocks", ["-m", "blocks", *block_words(stack)], servers.ROOT)


def deploy(stack: Stack, project: Path) -> None:
    """Deploy everything that `deployments/prefect.yaml` of a project names, from the project's root."""
    _wait_for_pool(stack)
    words = ["-m", "prefect", "--no-prompt", "deploy", "--prefect-file", str(PREFECT_FILE), "--all"]
    _run(stack, "deploy", words, project)


def _wait_for_pool(stack: Stack) -> None:
    """Wait for the worker: it makes its pool, and whatever is deployed before lands nowhere."""
    import httpx

    deadline = time.monotonic() + POOL_SECONDS
    address = f"{stack.urls.prefect_api}/work_pools/{servers.POOL}/workers/filter"
    with httpx.Client(trust_env=False) as client:
        while not ((answer := client.post(address, json={})).is_success and answer.json()):
            if time.monotonic() > deadline:
                raise Unavailable(f"The worker did not come up within {POOL_SECONDS:.0f} s.", f"See {stack.home.logs}.")
            time.sleep(0.2)


def _run(stack: Stack, name: str, words: list[str], directory: Path) -> None:
    log = stack.home.logs / f"{name}.log"
    with log.open("wb") as output:
        done = subprocess.run(
            [sys.executable, *words],
            cwd=directory,
            env=environment.for_a_child(stack.variables),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            timeout=STEP_SECONDS,
            check=False,
        )
    if done.returncode:
        raise Unavailable(
            f"`python {' '.join(words[:4])} ...` ended with status {done.returncode}: {_why(log)}.",
            f"The whole log is {log}.",
        )


def _why(log: Path) -> str:
    """Return the last words of a log that are not the frames of a traceback, which are indented."""
    lines = [line for line in log.read_text(errors="replace").splitlines() if line and not line.startswith(" ")]
    errors = [line for line in lines if "Error" in line.split(":")[0]]
    return (errors or lines or ["it said nothing"])[-1].rstrip(".")
