"""`gamenight doctor`: what is reachable, what is misconfigured, what to do."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from deployments.command import exits, output
from deployments.command.options import standard
from deployments.stack.finding import Condition, Finding
from deployments.stack.home import Home

EXAMPLE = """\b
Example:
  gamenight doctor
  gamenight doctor --home /srv/gamenight --json
"""

MARKS = {Condition.FINE: "ok", Condition.NOTE: "note", Condition.WRONG: "WRONG", Condition.UNREACHABLE: "DOWN"}
STATUS = {Condition.FINE: exits.DONE, Condition.NOTE: exits.DONE, Condition.WRONG: exits.NO}


@click.command(epilog=EXAMPLE)
@standard
def doctor(home: Path, as_json: bool) -> int:
    """Say what is reachable, what is misconfigured and what to do. Exit status 1: something is wrong; 3: it is down."""
    from deployments.stack.inspection import inspect_machine
    from deployments.stack.probe import probe_stack

    place = Home.at(home)
    findings = inspect_machine(place) + probe_stack(place)
    status = max(STATUS.get(one.condition, exits.UNREACHABLE) for one in findings)
    if as_json:
        output.emit({"healthy": status == exits.DONE, "findings": [asdict(one) for one in findings]})
        return status
    for one in findings:
        output.tell(_line(one))
    return status


def _line(one: Finding) -> str:
    remedy = f"\n{'':25}-> {one.remedy}" if one.remedy else ""
    return f"{MARKS[one.condition]:6}{one.subject:19}{one.says}{remedy}"
