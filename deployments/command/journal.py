"""`gamenight journal`: read what the gateway answered."""

from __future__ import annotations

from pathlib import Path

import click

from deployments.command import output
from deployments.command.options import standard
from deployments.command.reading import opened
from deployments.command.times import moment

EXAMPLE = """\b
Example:
  gamenight journal nba-win --limit 50
  gamenight journal nba-win --since 2019-01-05T00:00:00Z --until 2019-01-06T00:00:00Z --json
"""

COLUMNS = ("event_time", "request_id", "key", "version", "role", "served", "output", "latency_ms", "error")


@click.command(epilog=EXAMPLE)
@click.argument("model")
@click.option("--since", metavar="TIME", help="From this time on (ISO 8601 with timezone).")
@click.option("--until", metavar="TIME", help="Before this time.")
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="The newest so many rows.")
@standard
def journal(model: str, since: str | None, until: str | None, limit: int, home: Path, as_json: bool) -> None:
    """Show what the gateway answered for MODEL, oldest first: a row for each version that scored a request.

    Rows reach the store within seconds of the answer; until then they are in the gateway's spool.
    """
    begin, end = moment(since, "since") if since else None, moment(until, "until") if until else None
    with opened(home) as reading:
        frame = reading.store.journal(reading.named(model), since=begin, until=end, limit=limit)
    rows = [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]
    if as_json:
        output.emit({"model": model, "rows": rows})
    else:
        output.tell(output.table(rows, COLUMNS, width=40) if rows else f"The journal of {model} has no such row.")
