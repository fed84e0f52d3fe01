"""`gamenight down`: stop the stack of a home."""

from __future__ import annotations

from pathlib import Path

import click

from deployments.command import output
from deployments.command.options import standard
from deployments.stack.ending import stop_stack
from deployments.stack.home import Home

EXAMPLE = """\b
Example:
  gamenight down
  gamenight down --home /srv/gamenight --json
"""


@click.command(epilog=EXAMPLE)
@standard
def down(home: Path, as_json: bool) -> None:
    """Stop the stack that runs in a home, the last started first; a second time changes nothing."""
    place = Home.at(home)
    pid = stop_stack(place)
    if as_json:
        output.emit({"home": place.root, "stopped": pid is not None, "pid": pid})
    elif pid is None:
        output.tell(f"No stack runs in {place.root}.")
    else:
        output.tell(f"Stopped the stack of process {pid} in {place.root}.")
