"""`gamenight validate`: run the gates of one version again."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import click

from deployments.command import exits, output
from deployments.command.options import standard
from deployments.command.running import PLATFORM, running
from deployments.command.times import with_now

EXAMPLE = """\b
Example:
  gamenight validate nba-win 7
  gamenight validate nba-win challenger --json          an alias, or `latest`
"""


@click.command(epilog=EXAMPLE)
@click.argument("model")
@click.argument("version")
@with_now
@standard
def validate(model: str, version: str, now: datetime | None, home: Path, as_json: bool) -> int:
    """Put VERSION of MODEL through the gates before exposure; nothing is released. Exit status 1: a gate failed."""
    with running(home, model) as reading:
        from flows.stage_validate import stage_validate

        number = reading.registry.resolve(model, version)
        checked: dict[str, Any] = stage_validate(number, model, PLATFORM, now).to_dict()
    if as_json:
        output.emit({"model": model, "version": number, **checked})
    else:
        output.tell(output.table(checked["gates"], ("gate", "verdict", "dry_run", "why"), width=120))
        output.tell("\n".join([*refusals(checked["gates"]), f"{model} {number}: {checked['verdict']}"]))
    return exits.DONE if checked["verdict"] == "PASS" else exits.NO


def refusals(gates: list[dict[str, Any]]) -> list[str]:
    """Return a line for every gate that did not pass: by how much, and what to do.

    >>> refusals([{"gate": "leak", "verdict": "FAIL", "dry_run": True, "why": "too good: look"}])
    ['leak (dry run): too good: look']
    """
    found = [gate for gate in gates if gate["verdict"] != "PASS"]
    return [f"{gate['gate']}{' (dry run)' if gate['dry_run'] else ''}: {gate['why']}" for gate in found]
