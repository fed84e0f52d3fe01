"""The `gamenight` command: a table of verbs, each imported only when it is called."""

from __future__ import annotations

import difflib
import importlib
import sys
from collections.abc import Sequence

import click

from deployments.command import exits
from deployments.command.verbs import SECTIONS, VERBS

EXAMPLE = """\b
Example:
  gamenight demo                          the main job from nothing, in about two minutes
  gamenight up --detach                   the stack in the background
  gamenight status nba-win                what serves, what is under way and why
"""


class LazyVerbs(click.Group):
    """A group whose verbs are imported by name, so that `--help` costs no import of theirs."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return every verb in the order of the table."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the verb's click command, or None for an unknown name."""
        verb = VERBS.get(cmd_name)
        if verb is None:
            return None
        command = getattr(importlib.import_module(f"deployments.command.{verb.module}"), cmd_name)
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the verb, and for an unknown one name the nearest."""
        if args and args[0] not in VERBS and not args[0].startswith("-"):
            near = difflib.get_close_matches(args[0], VERBS, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else " `gamenight --help` lists the verbs."
            ctx.fail(f"No such verb {args[0]!r}.{hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the verbs by section from the table alone."""
        for section in SECTIONS:
            rows = [(name, verb.summary) for name, verb in VERBS.items() if verb.section == section]
            if rows:
                with formatter.section(section):
                    formatter.write_dl(rows)


@click.group(
    cls=LazyVerbs, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}, epilog=EXAMPLE
)
@click.version_option(package_name="gamenight", prog_name="gamenight")
@click.option("--debug", is_flag=True, help="Show the traceback of an error (or set GAMENIGHT_DEBUG=1).")
def gamenight(debug: bool) -> None:
    """Deploy models for game nights: register, validate, canary, monitor, roll back, score.

    Every verb has --help with an example, --home DIR and --json.
    Exit status: 0 done, 1 done and the answer is no, 2 bad input, 3 a system could not be reached.
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one verb and leave with its exit status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    sys.exit(exits.status_of(lambda: gamenight.main(args=words, prog_name="gamenight", standalone_mode=False), words))
