"""Run the story on an embedded stack, show it, and answer with what happened."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deployments.command.output import say
from deployments.stack import environment
from deployments.stack.home import Home
from deployments.stack.runner import block_words
from deployments.stack.stack import Stack
from deployments.stack.supervisor import Wanted, supervised
from tasks.rollout.refusal import BadInput

if TYPE_CHECKING:
    from deployments.demo.scenario import Games, Scenario

MARK = "demo.json"
OURS = (
    "artifacts",
    "cache",
    "games",
    "mlflow.db*",
    "notices.jsonl",
    "prefect",
    "published",
    "spool",
    "store.db*",
    MARK,
)
"""What a demo makes in its home; anything else there is somebody's, and stays."""
MODEL = "nba-win"
PLATFORM = "local"
QUIET = {"PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL"}
"""The runs' logs are in the Prefect UI; here a person watches a bar."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What a person chose: home, file of real games, seed, whether the fault is on, whether the servers stay up."""

    home: Path
    games: Path | None = None
    seed: int = 2
    defect: bool = True
    keep: bool = False


def make_room(place: Home) -> None:
    """Move what an earlier demo left in this home to `earlier/`; refuse a home that holds something else."""
    mark = place.root / MARK
    if mark.exists():
        aside = place.root / "earlier" / datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%f")
        aside.mkdir(parents=True)
        for item in [item for pattern in OURS for item in place.root.glob(pattern)]:
            item.rename(aside / item.name)
    elif (place.root / "mlflow.db").exists():
        raise BadInput("home", f"{place.root} holds a stack that is not a demo's; name another folder with --home")
    mark.write_text(json.dumps({"made_by": "gamenight demo"}))


def run(choice: Choice) -> dict[str, Any]:
    """Play the whole demo and return its answer; `keep` leaves the servers up until Ctrl-C."""
    began = time.monotonic()
    games = _games(choice)
    say("gamenight demo: starting MLflow, Prefect and the gateway (20 to 40 s on two cores)")
    with supervised(choice.home, Wanted(model=MODEL, progress=say, make_room=make_room)) as supervisor:
        supervisor.ready()
        answer = _play(supervisor.stack, choice, games) | {"seconds": round(time.monotonic() - began, 1)}
        if choice.keep:
            _show(answer)
            say("The UIs stay up until Ctrl-C.")
            supervisor.watch()
    return answer


def _play(stack: Stack, choice: Choice, games: Games | None) -> dict[str, Any]:
    with environment.applied(QUIET):
        from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings

        from blocks.__main__ import platform_of, save, words
        from deployments.demo.answer import answer_of
        from deployments.demo.progress import shown
        from deployments.demo.story import Story
        from deployments.demo.unsent import sent_at_the_end

        played = _scenario(stack, choice, games)
        say(played.says)
        platform = platform_of(words(block_words(stack)), stack.token)
        save(platform, PLATFORM)
        # a sync flow run joins its heartbeat thread, which costs about a second a run
        quick = temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None})
        with quick, sent_at_the_end(), shown() as tell:
            story = Story(platform, PLATFORM, MODEL, played.season, choice.defect, tell)
            story.play()
        return answer_of(story, stack.urls)


def _games(choice: Choice) -> Games | None:
    """Read the real games before anything is made or started, so that a bad file leaves nothing behind."""
    if choice.games is None:
        return None
    from deployments.demo import scenario

    say(f"gamenight demo: reading {choice.games}")
    return scenario.read(choice.games)


def _scenario(stack: Stack, choice: Choice, games: Games | None) -> Scenario:
    from deployments.demo import scenario

    if games is not None:
        return scenario.real(stack.home.games, games)
    return scenario.generated(stack.home.games, choice.seed)


def _show(answer: dict[str, Any]) -> None:
    from deployments.demo.answer import table

    say(table(answer))
