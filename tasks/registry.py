"""Train, log and register: how a model becomes a version with a past."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from blocks.catalogue.golden import spread
from blocks.catalogue.models import Trained
from blocks.catalogue.registering import Terms
from blocks.errors import NotFound
from blocks.platform import Platform
from blocks.registry import Registry
from tasks.drift.phases import phased_profile
from tasks.nba.features import FEATURES, phase_of, training_frame
from tasks.nba.training import train, trusted_types
from tasks.rollout.canonical import digest
from tasks.rollout.policy import Twin, read_policy
from tasks.rollout.refusal import BadInput
from tasks.step import step

if TYPE_CHECKING:
    import pandas as pd
    from sklearn.pipeline import Pipeline

PROFILE_FILE = "reference.json"
EXAMPLE_ROWS = 100
FEWEST_FOR_A_PROFILE = 30
UNTIL = "trained_until"


@dataclass(frozen=True, slots=True)
class Window:
    """The games that a model learns from: `seasons` past ones, less the newest `holdout` games, kept for the gates."""

    seasons: int = 6
    holdout: int = 300


def cut(games: pd.DataFrame, window: Window) -> pd.DataFrame:
    """Return the training games of a window; `games` is what `training_frame` gives, in the order of play.

    The cut is made between two dates, so that no training game was played on a date of the holdout.
    """
    first = int(games["season"].max()) - window.seasons + 1
    recent = games[games["season"] >= first]
    if window.holdout == 0:
        return recent
    if len(recent) <= window.holdout:
        raise BadInput(
            "history", f"{len(recent)} games do not leave a training set beside {window.holdout} for the gates"
        )
    kept: pd.DataFrame = recent[recent["date"] < recent["date"].iloc[-window.holdout]]
    return kept


def trained(model: str, kind: str, games: pd.DataFrame, pipeline: Pipeline, seed: int) -> Trained:
    """Return a fitted pipeline with what its record needs: parameters, metrics on its own games, reference profile."""
    inputs = games[list(FEATURES)]
    p = pipeline.predict_proba(inputs)[:, 1]
    first, last = str(games["date"].iloc[0])[:10], str(games["date"].iloc[-1])[:10]
    data = digest(games.to_csv(index=False))
    reference = phased_profile(inputs.assign(prediction=p), phase_of(games), games["season"].to_numpy())
    return Trained(
        pipeline=pipeline,
        example=spread(inputs, EXAMPLE_ROWS),
        name=f"{model} {kind} to {last}",
        parameters={
            "kind": kind,
            "seed": seed,
            "trained_from": first,
            UNTIL: last,
            "games": len(games),
            "data_digest": data[:16],
        },
        metrics={"train_brier": float(np.mean((p - games["home_win"].to_numpy(float)) ** 2))},
        files={PROFILE_FILE: json.dumps(reference.to_dict())},
        trusted=trusted_types(),
    )


def version_tags(parameters: Mapping[str, str], by: str, parent: str | None) -> dict[str, str]:
    """Return the tags that a version is registered with: what it is, what it learned from, whose successor it is."""
    kept = {
        name: str(parameters[name]) for name in ("kind", "trained_from", UNTIL, "data_digest") if name in parameters
    }
    return {**kept, "author": by, **({"parent": parent} if parent else {})}


def trained_until(registry: Registry, model: str, version: str) -> str:
    """Return the last date (YYYY-MM-DD) a version learned from; raise BadInput when its record does not say."""
    row = registry.version(model, version)
    tags: dict[str, Any] = dict(row["tags"])  # type: ignore[call-overload]
    found = tags.get(UNTIL) or (registry.run_params(str(row["run_id"])).get(UNTIL) if row["run_id"] else None)
    if not found:
        remedy = f"log the param {UNTIL}=YYYY-MM-DD with the run that trained it"
        raise BadInput(UNTIL, f"version {version} of {model} does not say up to which date it was trained; {remedy}")
    return str(found)


@step("read the games")
def read_history(platform: Platform, now: datetime) -> pd.DataFrame:
    """Return the final games known now, in the order of play."""
    return platform.source.history(now)


@step("compute the training frame")
def compute_training_frame(games: pd.DataFrame) -> pd.DataFrame:
    """Return the as-of features of every past game with its result."""
    return training_frame(games)


@step("train")
def train_model(games: pd.DataFrame, model: str, kind: str, window: Window, seed: int) -> Trained:
    """Fit a model on the games of a window."""
    chosen = cut(games, window)
    return trained(model, kind, chosen, train(chosen, kind, seed), seed)


@step("log the model")
def log_model(platform: Platform, model: str, found: Trained) -> str:
    """Log the model with signature, input example and reference profile; return its URI."""
    return platform.registry.log_model(model, found)


@dataclass(frozen=True, slots=True)
class Asked:
    """Who registers, what it succeeds (a version, an alias or `latest`), and what people say of it."""

    by: str
    parent: str | None = None
    description: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)


def terms(platform: Platform, model: str, parent: str | None, rows: pd.DataFrame | None = None) -> Terms:
    """Return what a registration is asked for: the policy's twin, and the parent; else the champion, which it succeeds.

    A model without a policy of its own is registered by the defaults.
    """
    try:
        twin = read_policy(platform.policy(model), f"{model}/policy.yaml").twin
    except NotFound:
        twin = Twin()
    return Terms(
        parent=parent,
        otherwise=_champion(platform.registry, model),
        rows=rows,
        twin=twin.onnx,
        tolerance=twin.tolerance,
        profile=profile_of,
    )


def _champion(registry: Registry, model: str) -> str | None:
    try:
        return registry.aliases(model).get("champion")
    except NotFound:
        return None


def profile_of(rows: pd.DataFrame, scores: np.ndarray) -> str:
    """Return the reference profile of golden rows and their scores as text; empty where the rows are too few.

    How far their season had come is not known, so all of them are one phase.
    """
    if len(rows) < FEWEST_FOR_A_PROFILE:
        return ""
    one = np.zeros(len(rows), dtype=np.int64)
    return json.dumps(phased_profile(rows.assign(prediction=scores), one, one).to_dict())


@step("register the version")
def register_version(platform: Platform, model: str, uri: str, asked: Asked) -> str:
    """Register a model URI or folder once; the same content is the same version."""
    parent = asked.parent
    if parent is not None and not parent.isdigit():
        parent = platform.registry.resolve(model, parent)
    told = replace(terms(platform, model, parent), description=asked.description)
    return platform.registry.register(model, uri, {**asked.tags, **version_tags({}, asked.by, None)}, told)
