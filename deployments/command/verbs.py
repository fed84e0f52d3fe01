"""The table of verbs: which file holds each, and its one line in `gamenight --help`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

SECTIONS = ("The main job", "The stack", "Releases", "Game nights", "Tools that need no server")


INTERVENTIONS = ("hold", "resume", "abort", "promote", "freeze", "unfreeze", "disable", "enable")
"""Verbs that share a module."""


@dataclass(frozen=True, slots=True)
class Verb:
    """One row of the table; the module `deployments.command.<module>` holds the click command of the verb's name."""

    module: str
    section: str
    summary: str


def _table() -> dict[str, Verb]:
    main, stack, releases, nights, tools = SECTIONS
    rows = [
        ("demo", main, "Everything from nothing: train, release, promote, roll back, score tonight."),
        ("up", stack, "Start MLflow, Prefect, the gateway and the runner of the deployments."),
        ("down", stack, "Stop them cleanly."),
        ("doctor", stack, "Say what is reachable, what is misconfigured and what to do."),
        ("serve", stack, "Run the gateway of one model alone."),
        ("status", releases, "What serves, what is under way and why, when the next look is."),
        ("rollouts", releases, "Every rollout of a model."),
        ("history", releases, "What was live when, and by whose decision."),
        ("register", releases, "Make a model a version; nothing is released."),
        ("release", releases, "Register a model, validate it and open its rollout."),
        ("tick", releases, "Look once at the evidence and move the rollout by at most one step."),
        ("rollback", releases, "Go back to the champion, or to an earlier one."),
        ("approve", releases, "Answer a step that waits for a person."),
        ("hold", releases, "Stop the steps up of a rollout until somebody resumes it."),
        ("resume", releases, "Let a held rollout go on."),
        ("abort", releases, "End a rollout; the version may try again."),
        ("promote", releases, "Promote without proof, in an emergency; the mark stays."),
        ("freeze", releases, "Take no step up until a time."),
        ("unfreeze", releases, "End a freeze."),
        ("disable", releases, "Switch rollouts of a model off."),
        ("enable", releases, "Switch them on again."),
        ("models", releases, "List, show, compare, search, verify and retire versions."),
        ("validate", releases, "Run the gates of one version again."),
        ("score", nights, "Score a slate before tip-off."),
        ("score_batch", nights, "Score Parquet that outgrows memory, part by part."),
        ("settle", nights, "Record results, close nights, take corrections."),
        ("replay", nights, "Play a past range of nights again, as of their own time."),
        ("monitor", nights, "Look at inputs, predictions, quality and operations now."),
        ("alerts", nights, "List, acknowledge, silence and resolve alerts."),
        ("journal", nights, "Read what the gateway answered."),
        ("judge", tools, "Run the decision rule over a table with two forecasters."),
        ("rehearse", tools, "Replay a past season under a policy."),
        ("drift", tools, "Compare two tables column by column."),
        ("check", tools, "Run a data gate on a file."),
    ]
    here = Path(__file__).parent
    modules = {name: "interventions" if name in INTERVENTIONS else name for name, _, _ in rows}
    return {
        name: Verb(modules[name], section, text)
        for name, section, text in rows
        if (here / f"{modules[name]}.py").exists()
    }


VERBS = _table()
