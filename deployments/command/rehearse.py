"""`gamenight rehearse`: what a rollout would have done in past seasons, beside the rules of other tools."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from deployments.command import exits, output
from deployments.command.bar import watched
from deployments.command.evidence_picture import drawable
from deployments.command.options import standard
from deployments.command.running import PLATFORM, running
from deployments.command.times import with_now
from deployments.stack import servers
from deployments.stack.stack import attach

if TYPE_CHECKING:
    from tasks.rehearsal import Table
    from tasks.rollout.policy import Policy

EXAMPLE = """\b
Example:
  gamenight rehearse nba-win --season 2019 --champion 1 --challenger 2
  gamenight rehearse nba-win --season 2010-2019 --file forecasts.csv.gz --champion p_elo --challenger p_gbm
      --picture seasons.html
"""


@click.command(epilog=EXAMPLE)
@click.argument("model")
@click.option(
    "--season", "named", required=True, multiple=True, metavar="YEAR", help="Season by its last year, or 2010-2019."
)
@click.option("--champion", default="champion", show_default=True, help="Version or alias; with --file a column.")
@click.option(
    "--challenger", default="latest", show_default=True, help="Version, alias or latest; with --file a column."
)
@click.option("--policy", type=click.Path(path_type=Path), help="A policy to try.  [default: the model's own]")
@click.option(
    "--file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Judge two columns of a table."
)
@click.option("--outcome", default="home_win", show_default=True, metavar="COL", help="With --file: 0, 1 or blank.")
@click.option("--night", default="date", show_default=True, metavar="COL", help="With --file: what sorts into nights.")
@click.option("--season-column", default="season", show_default=True, metavar="COL", help="With --file: the season.")
@click.option("--unit", metavar="COL", help="With --file: what names the unit.")
@click.option(
    "--picture", type=click.Path(dir_okay=False, path_type=Path), multiple=True, help="Draw to .png or .html."
)
@with_now
@standard
def rehearse(
    model: str,
    named: tuple[str, ...],
    champion: str,
    challenger: str,
    policy: Path | None,
    file: Path | None,
    picture: tuple[Path, ...],
    now: datetime | None,
    home: Path,
    as_json: bool,
    **columns: str | None,
) -> int:
    """Replay past seasons of MODEL night by night under a policy, beside the rules that other tools use.

    With --file no server is needed; the rehearsal is kept in MLflow and Prefect where a stack runs in the home.
    """
    drawable(picture)
    seasons = [season for text in named for season in _seasons(text)]
    tried = str(policy) if policy else None
    if file is not None:
        from tasks.rehearsal import Table

        table = Table(
            str(file), str(columns["outcome"]), str(columns["night"]), str(columns["season_column"]), columns["unit"]
        )
        if attach(home) is None:
            answer = _alone(table, (model, champion, challenger), seasons, _policy(model, policy))
        else:
            table = replace(table, file=str(file.resolve()))
            answer = _run(home, (seasons, model, PLATFORM, champion, challenger, tried, table, now))
    else:
        answer = _run(home, (seasons, model, PLATFORM, champion, challenger, tried, None, now))
    for path in picture:
        _draw(answer, path)
        output.say(f"picture: {path}")
    if as_json:
        output.emit(answer)
    else:
        from tasks.rehearsal import page

        output.tell(page(answer))
    return exits.DONE


def _run(home: Path, asked: tuple[Any, ...]) -> dict[str, Any]:
    with running(home, asked[1]):
        from flows.rehearse import rehearse as flow

        with watched("seasons"):
            answer: dict[str, Any] = flow(*asked)
    return answer


def _alone(table: Table, who: tuple[str, str, str], seasons: list[int], policy: Policy) -> dict[str, Any]:
    from tasks.rehearsal import casts_of, replay_file, whole

    with watched("seasons"):
        found = replay_file(table, casts_of(*who, seasons), policy)
    output.say("no stack runs in this home: the rehearsal is shown and not kept")
    return whole(found)


def _policy(model: str, tried: Path | None) -> Policy:
    import yaml

    from tasks.rollout.policy import read_policy
    from tasks.rollout.refusal import BadInput

    own = servers.ROOT / "deployments" / "models" / model / "policy.yaml"
    if tried is not None and not tried.is_file():
        raise BadInput("policy", f"there is no file {tried}")
    file = tried or (own if own.is_file() else None)
    return read_policy(yaml.safe_load(file.read_text(encoding="utf-8")) if file else {"model": model}, str(file))


def _seasons(text: str) -> range:
    from tasks.rollout.refusal import BadInput

    first, _, last = text.partition("-")
    if not first.isdigit() or (last and not last.isdigit()) or int(first) > int(last or first):
        raise BadInput("season", f"{text!r} is no season; write the year in which it ends, 2019, or 2010-2019")
    return range(int(first), int(last or first) + 1)


def _draw(answer: dict[str, Any], path: Path) -> None:
    import html

    from tasks.rehearsal import page
    from tasks.rehearsal_picture import figure_of, picture

    if path.suffix.lower() == ".png":
        figure_of(answer["seasons"]).savefig(path, dpi=120)
        return
    drawn = picture(answer["seasons"])
    title = html.escape(f"{answer['challenger']} against {answer['champion']}")
    table = f"<pre>{html.escape(page(answer))}</pre>"
    style = "<style>body{font:14px sans-serif;margin:2em}svg{max-width:960px;height:auto}</style>"
    head = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>{style}'
    path.write_text(f"{head}{drawn[drawn.index('<svg') :]}{table}</html>\n", encoding="utf-8")
