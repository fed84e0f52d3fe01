"""`gamenight models`: list, search, show, compare, trace, verify and retire versions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from deployments.command import exits, output
from deployments.command.models_page import page, side_by_side, verdict
from deployments.command.options import standard
from deployments.command.reading import opened
from deployments.command.running import by_option, person
from deployments.command.times import moment, present, with_now

if TYPE_CHECKING:
    from deployments.command.reading import Reading

EXAMPLE = """\b
Example:
  gamenight models list nba-win
  gamenight models search nba-win --stage staging --metric 'train_brier<0.22'
  gamenight models show nba-win@champion
  gamenight models compare nba-win 7 8
  gamenight models verify nba-win
"""
COLUMNS = ("version", "stage", "aliases", "framework", "algorithm", "parent", "created", "twin")
CHAMPION = "champion"


@click.group(epilog=EXAMPLE)
def models() -> None:
    """List, search, show, compare, trace, verify and retire versions. Starts no server.

    A version is named by its number, an alias (champion, challenger, fallback) or `latest`, after the model:
    `nba-win@champion`, or `nba-win champion`.
    """


@models.command("list", epilog="\b\nExample:\n  gamenight models list nba-win --json")
@click.argument("model", required=False)
@standard
def list_versions(model: str | None, home: Path, as_json: bool) -> None:
    """List the versions of MODEL, or of the only model there is, and count them by stage and framework."""
    from blocks.catalogue.search import Wanted

    _listing(home, model, Wanted(), as_json)


@models.command(
    "search", epilog="\b\nExample:\n  gamenight models search nba-win --framework sklearn --metric 'rmse<=3'"
)
@click.argument("model", required=False)
@click.option("--framework", metavar="NAME", default=None, help="sklearn, lightgbm, xgboost, pytorch, pyfunc ...")
@click.option("--stage", type=click.Choice(("development", "staging", "production", "archived")), default=None)
@click.option("--metric", "metrics", metavar="BOUND", multiple=True, help="Such as 'brier<0.22'; may be given often.")
@click.option("--tag", "tags", metavar="NAME=VALUE", multiple=True, help="A tag it must have; may be given often.")
@click.option("--text", metavar="TEXT", default="", help="In the description or in any tag, whatever its case.")
@click.option("--since", metavar="TIME", default=None, help="Registered at this time or later (ISO 8601).")
@click.option("--until", metavar="TIME", default=None, help="Registered before this time (ISO 8601).")
@standard
def search(model: str | None, home: Path, as_json: bool, **asked: Any) -> None:
    """Find the versions of MODEL that keep every condition that is given."""
    from blocks.catalogue.search import Wanted, bound

    wanted = Wanted(
        framework=asked["framework"],
        stage=asked["stage"],
        metrics=tuple(bound(text) for text in asked["metrics"]),
        tags=named_tags(asked["tags"]),
        text=asked["text"],
        since=moment(asked["since"], "since") if asked["since"] else None,
        until=moment(asked["until"], "until") if asked["until"] else None,
    )
    _listing(home, model, wanted, as_json)


def _listing(home: Path, model: str | None, wanted: Any, as_json: bool) -> None:
    from tasks.catalogue import listing

    with opened(home) as reading:
        found = listing(reading.registry, reading.named(model), wanted)
    if as_json:
        output.emit(found)
        return
    rows = [
        {**row, **{name: row["tags"].get(name) for name in ("algorithm", "parent", "twin")}}
        for row in found["versions"]
    ]
    for row in rows:
        row["aliases"], row["created"] = ", ".join(row["aliases"]), str(row["created"])[:16]
    counts = [f"{name}: {', '.join(f'{n} {one}' for one, n in of.items())}" for name, of in found["statistics"].items()]
    output.tell("\n".join([output.table(rows, COLUMNS, width=44), *counts]) if rows else "No version is like that.")


@models.command("show", epilog="\b\nExample:\n  gamenight models show nba-win@champion --json")
@click.argument("model")
@click.argument("version", required=False)
@standard
def show(model: str, version: str | None, home: Path, as_json: bool) -> None:
    """Show all that is kept of a version of MODEL: a number, an alias or `latest`; by default the champion."""
    from tasks.catalogue import shown

    name, named = apart(model, version)
    with opened(home) as reading:
        found = shown(reading.registry, reading.named(name), named)
    if as_json:
        output.emit(found)
    else:
        output.tell(page(found))


@models.command(
    "compare", epilog="\b\nExample:\n  gamenight models compare nba-win champion latest --rows games.csv --outcome won"
)
@click.argument("model")
@click.argument("first")
@click.argument("second")
@click.option("--rows", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Ask both these rows.")
@click.option("--outcome", metavar="COL", default="outcome", show_default=True, help="The column of 0 and 1 in them.")
@standard
def compare(model: str, first: str, second: str, home: Path, as_json: bool, **asked: Any) -> None:
    """Compare FIRST and SECOND of MODEL: metrics, parameters, schema, data, and calibration on the same rows.

    Without --rows, the calibration is that of the games both have forecast before tip-off and that are settled.
    """
    from tasks.catalogue import asked_together, compared, sealed_together

    with opened(home) as reading:
        name, registry = reading.named(model), reading.registry
        pair = (registry.resolve(name, first), registry.resolve(name, second))
        if asked["rows"] is not None:
            from deployments.command.table_file import read_table

            scored = asked_together(registry, name, pair, read_table(asked["rows"]), asked["outcome"])
        else:
            scored = sealed_together(reading.store, name, *pair) if (reading.home.root / "store.db").is_file() else None
        found = compared(registry, name, pair, scored)
    if as_json:
        output.emit(found)
    else:
        output.tell(side_by_side(found))


@models.command("lineage", epilog="\b\nExample:\n  gamenight models lineage nba-win@latest --picture lineage.svg")
@click.argument("model")
@click.argument("version", required=False)
@click.option("--picture", type=click.Path(dir_okay=False, path_type=Path), help="Write it as SVG, or Mermaid (.mmd).")
@standard
def lineage(model: str, version: str | None, picture: Path | None, home: Path, as_json: bool) -> None:
    """Show whose successor a version of MODEL is, back to the first, and which came of it."""
    from tasks.catalogue import lineage_of

    name, named = apart(model, version)
    with opened(home) as reading:
        found = lineage_of(reading.registry, reading.named(name), named)
    if picture is not None:
        from deployments.command.lineage_picture import drawn

        picture.write_text(drawn(found) if picture.suffix != ".mmd" else found["mermaid"] + "\n", encoding="utf-8")
    if as_json:
        output.emit(found)
        return
    output.tell(" <- ".join(found["chain"]) + (" (a circle)" if found["cyclic"] else ""))
    output.tell(f"came of it: {', '.join(found['descendants']) or 'none'}")


@models.command("verify", epilog="\b\nExample:\n  gamenight models verify nba-win 7")
@click.argument("model")
@click.argument("version", required=False)
@with_now
@standard
def verify(model: str, version: str | None, now: datetime | None, home: Path, as_json: bool) -> int:
    """Hold the files of a version of MODEL, or of all, against its registration. Exit status 1: one was changed."""
    with opened(home) as reading:
        name, given = reading.named(model.partition("@")[0]), version or model.partition("@")[2]
        numbers = [str(row["version"]) for row in reading.registry.versions(name)]
        asked = [reading.registry.resolve(name, given)] if given else numbers
        rows = [reading.registry.verify(name, number) for number in asked]
        for row in rows:
            _alert(reading, name, row, present(now))
    if as_json:
        output.emit({"model": name, "intact": all(row["intact"] for row in rows), "versions": rows})
    else:
        output.tell("\n".join(verdict(row) for row in rows))
    return exits.DONE if all(row["intact"] for row in rows) else exits.NO


def _alert(reading: Reading, model: str, row: dict[str, object], now: datetime) -> None:
    if row["intact"] or row["recorded"] is None or not (reading.home.root / "store.db").is_file():
        return
    from tasks.catalogue import alert_of_tampering

    alert_of_tampering(reading.store, None, (model, str(row["version"])), verdict(row), now)


@models.command("retire", epilog="\b\nExample:\n  gamenight models retire nba-win 3 --why 'superseded'")
@click.argument("model")
@click.argument("version", required=False)
@click.option("--why", metavar="TEXT", required=True, help="Your reason; it stands in the history.")
@by_option
@with_now
@standard
def retire(model: str, version: str | None, why: str, home: Path, as_json: bool, **who: Any) -> None:
    """Archive a version of MODEL for good; its files stay. Refused for one under an alias or in a live rollout."""
    from tasks.acts import Act
    from tasks.catalogue import shown
    from tasks.operations import retire as retired

    name, named = apart(model, version)
    with opened(home) as reading:
        number = reading.registry.resolve(reading.named(name), named)
        retired(reading.registry, number, Act(name, person(who["by"]), present(who["now"]), why))
        found = shown(reading.registry, name, number)
    if as_json:
        output.emit(found)
    else:
        output.tell(f"version {number} of {name} is {found['stage']}")


def apart(model: str, version: str | None) -> tuple[str, str]:
    """Return the model and the version that were named.

    >>> apart("nba-win@latest", None), apart("nba-win", "7"), apart("nba-win", None)
    (('nba-win', 'latest'), ('nba-win', '7'), ('nba-win', 'champion'))
    """
    name, _, after = model.partition("@")
    return name, version or after or CHAMPION


def named_tags(texts: Sequence[str]) -> dict[str, str]:
    """Return tags written as NAME=VALUE; raise BadInput for anything else.

    >>> named_tags(["team=basketball"])
    {'team': 'basketball'}
    """
    from tasks.rollout.refusal import BadInput

    for text in texts:
        if not text.partition("=")[0] or "=" not in text:
            raise BadInput("tag", f"{text!r} is no tag; write it as NAME=VALUE")
    return dict(text.split("=", 1) for text in texts)
