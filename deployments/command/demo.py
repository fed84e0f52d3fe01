"""`gamenight demo`: the main job from nothing, on the embedded stack."""

from __future__ import annotations

from pathlib import Path

import click

from deployments.command import output
from deployments.command.options import standard

EXAMPLE = """\b
Example:
  gamenight demo                          generated seasons
  gamenight demo --games games.csv.gz     real ones; see docs/reference/games.md for the columns
  gamenight demo --keep                   leaves the UIs up when it is done
"""


@click.command(epilog=EXAMPLE)
@click.option(
    "--games", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Real games, CSV or Parquet."
)
@click.option("--seed", type=click.IntRange(min=0), default=2, show_default=True, help="Seed of the generated seasons.")
@click.option("--defect/--no-defect", default=True, help="Whether the second challenger carries a live defect.")
@click.option("--keep", is_flag=True, help="Leave the servers and their UIs up until Ctrl-C.")
@standard
def demo(games: Path | None, seed: int, defect: bool, keep: bool, home: Path, as_json: bool) -> None:
    """Train, release, promote an honest challenger, roll a faulty one back, notice drift, score tonight's slate."""
    from deployments.demo.run import Choice, run

    answer = run(Choice(home, games, seed, defect, keep))
    if as_json:
        output.emit(answer)
        return
    from deployments.demo.answer import table

    output.tell(table(answer))
    output.tell(f"\nThat took {answer['seconds']:.0f} s.")
    if not keep:
        output.tell(f"The servers are stopped. `gamenight demo --keep` leaves them up; their record is in {home}.")
