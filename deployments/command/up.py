"""`gamenight up`: the whole stack, in the foreground or left in the background."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from pathlib import Path
from typing import TextIO

import click

from blocks.errors import Refused, Unavailable
from deployments.command import exits, output
from deployments.command.options import standard
from deployments.stack.home import Home
from deployments.stack.servers import ROOT
from deployments.stack.stack import Stack, attach
from deployments.stack.supervisor import Wanted, supervised

DETACHED_SECONDS = 300.0
COMMAND = "gamenight: "

EXAMPLE = """\b
Example:
  gamenight up                            stays; Ctrl-C stops everything
  gamenight up --detach                   returns when everything answers; `gamenight down` stops it
"""


@click.command(epilog=EXAMPLE)
@click.option("--model", default="nba-win", show_default=True, help="The registered model that the gateway serves.")
@click.option("--detach", is_flag=True, help="Leave the stack in the background.")
@standard
def up(model: str, detach: bool, home: Path, as_json: bool) -> None:
    """Start MLflow, Prefect, the gateway and the deployments' worker as one supervised stack."""
    if detach:
        found = attach(home) or _detached(home, model)
        _announce(found, as_json)
        return
    wanted = Wanted(model=model, deployments_of=ROOT, usual_ports=True, progress=output.say)
    with contextlib.suppress(KeyboardInterrupt), supervised(home, wanted) as supervisor:
        supervisor.ready()
        _announce(supervisor.stack, as_json)
        output.say("Ctrl-C stops everything.")
        supervisor.watch()


def _announce(stack: Stack, as_json: bool) -> None:
    record = stack.home.record()
    addresses = {"prefect": stack.urls.prefect, "mlflow": stack.urls.mlflow, "gateway": stack.urls.gateway}
    if as_json:
        processes = {"supervisor": record.pid, **record.pids} if record else {}
        output.emit({"home": stack.home.root, "urls": addresses, "pids": processes})
        return
    says = {"prefect": "flows, runs, schedules", "mlflow": "models, decisions, evidence", "gateway": "predictions"}
    for name, address in addresses.items():
        output.tell(f"{name:8} {address:24} {says[name]}")
    output.tell(f"The gateway's token is in {stack.home.record_path}.")


def _detached(home: Path, model: str) -> Stack:
    """Start `gamenight up` in a session of its own and return once it is ready; show what it says meanwhile."""
    place = Home.at(home)
    place.prepare()
    log = place.logs / "up.log"
    with log.open("wb") as written:
        process = subprocess.Popen(
            [sys.executable, "-m", "deployments.command", "up", "--home", str(place.root), "--model", model],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=written,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    with log.open() as news:
        return _once_ready(place, process, news)


def _once_ready(place: Home, process: subprocess.Popen[bytes], news: TextIO) -> Stack:
    deadline = time.monotonic() + DETACHED_SECONDS
    said = ""
    while time.monotonic() < deadline:
        ended = process.poll() is not None
        fresh = news.read()
        said += fresh
        if ended:
            why = said[said.rfind(COMMAND) :].removeprefix(COMMAND).strip()
            refused = process.returncode == exits.BAD_INPUT
            raise Refused(why) if refused else Unavailable(f"The stack did not come up. {why}")
        if fresh:
            output.say(fresh.rstrip())
        found = attach(place.root)
        if found is not None:
            return found
        time.sleep(0.2)
    process.terminate()
    raise Unavailable(f"The stack was not ready within {DETACHED_SECONDS:.0f} s.", f"Its logs are in {place.logs}.")
