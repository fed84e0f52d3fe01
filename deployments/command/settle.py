"""`gamenight settle`: results in, nights closed, corrections recorded."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import click

from deployments.command import output
from deployments.command.options import standard
from deployments.command.running import PLATFORM, running
from deployments.command.times import night, with_now

EXAMPLE = """\b
Example:
  gamenight settle nba-win                every night that waits, and corrections of the last three days
  gamenight settle nba-win --date 2019-01-05
"""


@click.command(epilog=EXAMPLE)
@click.argument("model")
@click.option("--date", metavar="DATE", help="One US/Eastern date alone, however long ago.  [default: all that wait]")
@with_now
@standard
def settle(model: str, date: str | None, now: datetime | None, home: Path, as_json: bool) -> None:
    """Record the results of MODEL's nights. Again, it writes nothing that stands already."""
    chosen = night(date)
    with running(home, model):
        from flows.settle import settle as bring_results

        done = bring_results(model, PLATFORM, now, chosen)
    if as_json:
        output.emit(asdict(done))
        return
    fresh = ", ".join(f"{count} {status}" for status, count in sorted(done.revisions.items())) or "nothing new"
    output.tell(f"recorded: {fresh}; {done.corrected} of them corrections")
    for one in done.set_aside:
        output.tell(f"set aside: {one['slate']} {one['game_id']}: {one['why']}")
    output.tell(f"{len(done.closed)} nights closed; open: {', '.join(done.open) or 'none'}")
