"""`gamenight check`: hold a file against one of a model's data gates."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from deployments.command import exits, output
from deployments.command.options import standard

KINDS = ("games", "slates", "results", "odds", "box", "training", "features", "predictions", "evidence")
MODELS = Path(__file__).resolve().parents[1] / "models"
MOST = 20

EXAMPLE = """\b
Example:
  gamenight check games seasons.csv.gz
  gamenight check results last-night.csv --schedule slate.csv --json
"""


@click.command(epilog=EXAMPLE)
@click.argument("kind", type=click.Choice(KINDS), metavar="KIND")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--model", default="nba-win", show_default=True, help="Whose suite to use.")
@click.option(
    "--suites",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=MODELS,
    help="Folder with a subfolder a model.  [default: those that are shipped]",
)
@click.option(
    "--schedule",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A table of the same games that is known to be right on date, home and away.",
)
@standard
def check(kind: str, file: Path, model: str, suites: Path, schedule: Path | None, home: Path, as_json: bool) -> int:
    """Run the data gate KIND on FILE, a CSV or Parquet table. Needs no server.

    KIND is one of games, slates, results, odds, box, training, features, predictions, evidence.

    PASS: it may be used, without the rows that are set aside. FAIL: it may not (exit status 1).
    """
    from blocks.gates import Gates
    from blocks.suites.table_file import read_table

    frame = read_table(file)
    context = {} if schedule is None else {"schedule": read_table(schedule), "complete": True}
    output.say(f"checking {len(frame)} rows of {file.name} against {model}/{kind}")
    answer = Gates(folder=str(suites)).run(f"{model}/{kind}", frame, context)
    if as_json:
        output.emit(
            {
                "file": str(file),
                **{name: value for name, value in answer.items() if name not in ("markdown", "data_docs")},
            }
        )
    else:
        output.tell(text(answer))
    return exits.NO if answer["verdict"] == "FAIL" else exits.DONE


def text(answer: Mapping[str, Any]) -> str:
    """Return a gate's answer for a terminal, what failed first."""
    lines = [f"{answer['verdict']}: {answer['rows']} rows, {answer['expectations']} expectations"]
    lines += [f"failed    {_of_table(one)}" for one in answer["failed"]]
    lines += [f"warning   {_of_table(one)}" for one in answer["warnings"]]
    aside = answer["quarantined"]
    lines += [f"set aside row {one['row']} ({one['key']}): {one['why']}" for one in aside[:MOST]]
    if len(aside) > MOST:
        lines.append(f"          and {len(aside) - MOST} more rows")
    return "\n".join(lines)


def _of_table(one: Mapping[str, Any]) -> str:
    where = "" if one["column"] is None else f" on {one['column']}"
    return f"{one['expectation']}{where}, {one['rows']} rows: {one['why']}"
