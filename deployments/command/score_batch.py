"""`gamenight score_batch`: score Parquet that outgrows memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from deployments.command import output
from deployments.command.bar import watched
from deployments.command.options import standard
from deployments.command.running import PLATFORM, running

EXAMPLE = """\b
Example:
  gamenight score_batch nba-win --in simulations/ --out answers/ --key row_id
  gamenight score_batch nba-win --in props.parquet --out answers/ --version 7 --json
"""


@click.command(name="score_batch", epilog=EXAMPLE)
@click.argument("model")
@click.option("--in", "source", type=click.Path(exists=True), required=True, help="A Parquet file, or a folder.")
@click.option("--out", "target", type=click.Path(file_okay=False), required=True, help="The folder of the answers.")
@click.option("--version", default="champion", show_default=True, help="The version that answers: number or alias.")
@click.option("--key", metavar="COL", help="The column that names a row; it is copied beside its answer.")
@click.option("--rows", type=click.IntRange(1), default=1_000_000, show_default=True, help="About the rows of a part.")
@standard
def score_batch(
    model: str,
    source: str,
    target: str,
    version: str,
    key: str | None,
    rows: int,
    home: Path,
    as_json: bool,
) -> None:
    """Score every row for MODEL, part by part; stopped and started again it goes on where it was."""
    with running(home, model):
        from flows.score_batch import score_batch as run

        with watched("parts"):
            answer: dict[str, Any] = run(source, target, model, PLATFORM, version, key, rows)
    if as_json:
        output.emit(answer)
    else:
        said = f"{answer['rows']} rows in {len(answer['parts'])} parts by version {answer['version']}"
        output.tell(f"{said}, {answer['blank']} without an answer; digest {answer['sha256'][:12]}")
