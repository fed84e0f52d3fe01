"""`gamenight score`: score a slate before tip-off."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import click

from deployments.command import output
from deployments.command.options import standard
from deployments.command.running import PLATFORM, running
from deployments.command.times import night, present, with_now
from tasks.clock import night_of

EXAMPLE = """\b
Example:
  gamenight score nba-win                 tonight's games, US/Eastern
  gamenight score nba-win --date 2019-01-05 --json
"""

COLUMNS = ("tip", "away", "home", "p_home", "version", "role", "game_id")


@click.command(epilog=EXAMPLE)
@click.argument("model")
@click.option("--date", metavar="DATE", help="US/Eastern date of the slate, YYYY-MM-DD.  [default: today]")
@with_now
@standard
def score(model: str, date: str | None, now: datetime | None, home: Path, as_json: bool) -> None:
    """Gate, score, seal and publish the slate of MODEL. Again, it changes nothing that stands already."""
    slate = night(date) or night_of(present(now))
    with running(home, model):
        from flows.score_slate import score_slate

        answer = score_slate(model, PLATFORM, slate, now)
    if as_json:
        output.emit(answer)
    else:
        output.tell(_page(answer))


def _page(answer: dict[str, Any]) -> str:
    games = [{**game, "p_home": f"{game['p_home']:.3f}"} for game in answer["games"]]
    lines = [output.table(games, COLUMNS)] if games else [f"Nothing is left to score on {answer['slate']}."]
    lines += [f"left out: {one['game_id']}, {one['why']}" for one in answer["left_out"]]
    lines += [f"note: {said}" for said in answer["notes"]]
    if answer["deadline"]:
        lines.append(f"slate {answer['slate']}, manifest {answer['manifest']}, deadline {answer['deadline']}")
    return "\n".join(lines)
