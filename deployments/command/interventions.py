"""`gamenight hold`, `resume`, `abort`, `promote`, `freeze`, `unfreeze`, `disable`, `enable`: a person steps in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from deployments.command.options import standard
from deployments.command.running import PLATFORM, by_option, event_since, newest, person, report, running
from deployments.command.times import until_option, with_now

if TYPE_CHECKING:
    from deployments.command.reading import Reading
    from tasks.operations import Action

why_option = click.option("--why", metavar="TEXT", required=True, help="Your reason; it stands in the history.")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a person does, for which model and why, and how the answer is printed."""

    action: Action
    model: str
    why: str
    by: str | None
    now: datetime | None
    home: Path
    as_json: bool
    until: datetime | None = None
    version: str | None = None


def _act(asked: Asked) -> None:
    with running(asked.home, asked.model) as reading:
        from flows.intervene import intervene

        before, acts = newest(reading, asked.model), _acts(reading, asked.model)
        who, what = person(asked.by), (asked.until, asked.version, asked.now)
        answer = intervene(asked.action, who, asked.why, asked.model, PLATFORM, *what)
        event = answer["event"] or event_since(reading, asked.model, before)
        answer["event"] = event or next(iter(_acts(reading, asked.model)[len(acts) :]), None)
    report(answer, asked.as_json)


def _acts(reading: Reading, model: str) -> list[dict[str, Any]]:
    from tasks.operations import operation_rows

    return operation_rows(reading.registry, model)[0]


def _verb(action: Action, summary: str, example: str) -> click.Command:
    """Return the verb of an action that takes a model, a name and a reason."""

    @click.command(name=action, help=summary, epilog=f"\b\nExample:\n  gamenight {action} nba-win {example}\n")
    @click.argument("model")
    @why_option
    @by_option
    @with_now
    @standard
    def verb(model: str, why: str, by: str | None, now: datetime | None, home: Path, as_json: bool) -> None:
        _act(Asked(action, model, why, by, now, home, as_json))

    return verb


hold = _verb(
    "hold", "Stop the steps up of MODEL's rollout until somebody resumes it.", '--why "odd forecasts" --by ana'
)
resume = _verb("resume", "Let the held rollout of MODEL go on.", '--why "looked, all is well" --by ana')
abort = _verb(
    "abort", "End the rollout of MODEL: the champion serves, the version may try again.", '--why "wrong file" --by ana'
)
unfreeze = _verb("unfreeze", "End the freeze of MODEL.", '--why "the finals are over" --by ana')
disable = _verb(
    "disable", "Switch rollouts of MODEL off: no step up, no new release, until `enable`.", '--why "audit" --by ana'
)
enable = _verb("enable", "Switch rollouts of MODEL on again.", '--why "the audit is over" --by ana')


@click.command(
    epilog='\b\nExample:\n  gamenight freeze nba-win --until 2026-12-26T12:00:00-05:00 --why "holidays" --by ana\n'
)
@click.argument("model")
@until_option
@why_option
@by_option
@with_now
@standard
def freeze(
    model: str, until: datetime, why: str, by: str | None, now: datetime | None, home: Path, as_json: bool
) -> None:
    """Take no step up of MODEL until a time; going back is always allowed."""
    _act(Asked("freeze", model, why, by, now, home, as_json, until=until))


@click.command(epilog='\b\nExample:\n  gamenight promote nba-win --why "the champion is broken" --by ana\n')
@click.argument("model")
@click.option("--version", metavar="VERSION", help="Of a test between several versions, the one to promote.")
@why_option
@by_option
@with_now
@standard
def promote(
    model: str, version: str | None, why: str, by: str | None, now: datetime | None, home: Path, as_json: bool
) -> None:
    """Promote MODEL's challenger now, without proof: an emergency, whose mark stays in the history."""
    _act(Asked("promote_now", model, why, by, now, home, as_json, version=version))
