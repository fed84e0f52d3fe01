"""The options that every verb has: `--home`, `--json` and `--debug`."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec, TypeVar

import click

from deployments.command import output

P = ParamSpec("P")
R = TypeVar("R")

DEFAULT_HOME = Path(".gamenight")


def standard(verb: Callable[P, R]) -> Callable[P, R]:
    """Give a verb `--home` (as `home: Path`) and `--json` (as `as_json: bool`), below `@click.command`.

    Under `--json` everything printed while the verb runs goes to stderr; only `output.emit` reaches stdout.
    """

    @click.option(
        "--home",
        type=click.Path(file_okay=False, path_type=Path),
        default=DEFAULT_HOME,
        show_default=True,
        help="Where the embedded stack keeps its state.",
    )
    @click.option("--json", "as_json", is_flag=True, help="Print exactly one JSON object on stdout.")
    @click.option("--debug", is_flag=True, expose_value=False, help="Show the traceback of an error.")
    @functools.wraps(verb)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        with output.reserved_for_json(bool(kwargs["as_json"])):
            return verb(*args, **kwargs)

    return wrapped
