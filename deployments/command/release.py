"""`gamenight release`: register a model, validate it, open its rollout; with --watch, follow it to its end."""

from __future__ import annotations

import time
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from blocks.errors import Unavailable
from deployments.command import exits, output
from deployments.command.options import standard
from deployments.command.reading import Reading, opened
from deployments.command.running import PLATFORM, by_option, event_since, newest, person, report, retreated, running
from deployments.command.times import present, with_now

PAUSE_SECONDS = 2.0

EXAMPLE = """\b
Example:
  gamenight release nba-win --uri models:/m-0123456789abcdef0123456789abcdef
  gamenight release nba-win --uri ./my-model --watch    a folder with a file MLmodel
"""


@click.command(epilog=EXAMPLE)
@click.argument("model")
@click.option("--uri", required=True, help="What log_model returned, runs:/RUN/model, or a folder with a file MLmodel.")
@click.option("--watch", is_flag=True, help="Follow the rollout to its end; Ctrl-C stops watching, not the rollout.")
@by_option
@with_now
@standard
def release(model: str, uri: str, watch: bool, by: str | None, now: datetime | None, home: Path, as_json: bool) -> int:
    """Bring a model from its URI into a rollout of MODEL; ticks carry it on. Exit status 1: a gate said no."""
    with running(home, model, new=True) as reading:
        from flows.release import release as bring_in

        before = newest(reading, model)
        answer = bring_in(uri, model, PLATFORM, now, person(by))
        answer["event"] = answer["event"] or event_since(reading, model, before)
    if answer["plan"]:
        output.say(f"plan: {answer['plan']}")
    status = exits.NO if retreated(answer) else exits.DONE
    if watch and answer["rollout"] is not None:
        answer, status = follow(home, model, answer)
    report(answer, as_json)
    return status


def follow(home: Path, model: str, answer: dict[str, Any]) -> tuple[dict[str, Any], int]:
    """Read the record until the rollout has ended, saying each new event; return the last status and the exit status.

    Nothing is written: whoever ticks moves the rollout, and it goes on when nobody watches.
    """
    from deployments.command.status import moved, read_status

    run_id, seen = answer["rollout"]["run_id"], 0
    output.say(f"watching {model}; Ctrl-C stops watching, not the rollout")
    try:
        while True:
            try:
                with opened(home) as reading:
                    events, live = _events(reading, run_id)
                    if len(events) > seen or not live:
                        current: dict[str, Any] = read_status(reading, model, present(None))
                        answer = current | {"event": events[-1]}
            except Unavailable as away:
                output.say(f"{away} Still watching.")
                events, live = [], True
            for event in events[seen:]:
                output.say(f"{event['at']}  {moved(event)}")
            seen = max(seen, len(events))
            if not live:
                return answer, exits.NO if retreated(answer) else exits.DONE
            time.sleep(PAUSE_SECONDS)
    except KeyboardInterrupt:
        output.say(f"stopped watching; the rollout goes on: gamenight status {model}")
        return answer, exits.INTERRUPTED


def _events(reading: Reading, run_id: str) -> tuple[list[dict[str, Any]], bool]:
    from tasks.records import rollout_of
    from tasks.status import event_row

    rollout = rollout_of(reading.registry.log.read(run_id))
    return [event_row(rollout, event) for event in rollout.events], rollout.live
