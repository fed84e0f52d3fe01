"""`gamenight register`: a model becomes a version, once, and nothing is released."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from deployments.command import output
from deployments.command.models import named_tags
from deployments.command.models_page import page
from deployments.command.options import standard
from deployments.command.running import PLATFORM, by_option, person, running

EXAMPLE = """\b
Example:
  gamenight register nba-win --uri models:/m-0123456789abcdef0123456789abcdef
  gamenight register nba-win --uri runs:/0123456789abcdef0123456789abcdef/model --parent champion
  gamenight register nba-win --uri ./my-model --description "with rest days" --tag team=basketball
"""


@click.command(epilog=EXAMPLE)
@click.argument("model")
@click.option("--uri", required=True, help="What log_model returned, runs:/RUN/model, or a folder with a file MLmodel.")
@click.option("--parent", metavar="VERSION", default=None, help="The version it succeeds.  [default: the champion]")
@click.option("--description", metavar="TEXT", default="", help="What people should know of it.")
@click.option("--tag", "tags", metavar="NAME=VALUE", multiple=True, help="A tag of your own; may be given often.")
@by_option
@standard
def register(model: str, uri: str, home: Path, as_json: bool, **told: Any) -> None:
    """Make the model of a URI or folder a version of MODEL; the same content is the same version.

    It is loaded and asked twice in a clean process first; what has no signature, does not load there or answers
    differently the second time is refused, and nothing is registered.
    """
    tags = named_tags(told["tags"])
    with running(home, model, new=None) as reading:
        from flows.register import register as bring_in
        from tasks.catalogue import shown

        before = {str(row["version"]) for row in reading.registry.versions(model)}
        who = person(told["by"])
        number: str = bring_in(uri, model, PLATFORM, who, told["parent"], told["description"], tags)
        answer = {**shown(reading.registry, model, number), "new": number not in before}
    if as_json:
        output.emit(answer)
    else:
        output.tell(page(answer))
        output.tell("" if answer["new"] else f"This content was version {number} already; nothing was registered.")
