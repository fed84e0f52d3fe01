"""A small world to kill: a record in MLflow, a store, a policy, tiny models, and nights whose results are decided here.

A step is one thing that happens at one time: a release, a night's slate, its results, a tick, an act of a person.
Releases, ticks and acts run the bodies of the real flows.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml
from plainly import plainly

from blocks.__main__ import platform_of, words
from blocks.errors import Refused
from blocks.platform import Platform
from blocks.serving.router import arm_of
from flows.approve import approve
from flows.canary_promote import canary_promote
from flows.intervene import intervene
from flows.release import release
from flows.rollback import rollback
from tasks.records import head, read_policy_of
from tasks.rollout.candidate import Candidate, Checked, Gate
from tasks.rollout.fold import Rollout
from tasks.rollout.policy import Policy
from tasks.rollout.refusal import BadInput
from tasks.rollout.verdict import Verdict
from tasks.slates import Slate, arms_of, manifest_of
from tasks.validating import record

DAY_ONE = datetime(2019, 1, 1, tzinfo=UTC)
GAMES = 12
Q_BAR = 4e-4
OLD, GOOD, BAD = 0.60, 0.62, 0.05


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happens. name: what; day: on which day; args: with what."""

    name: str
    day: int
    args: dict[str, Any] = field(default_factory=dict)

    @property
    def at(self) -> datetime:
        """Return when it happens; what a morning brings comes in this order."""
        hour = {"release": 10, "slate": 11, "results": 12, "tick": 13}.get(self.name, 14)
        return DAY_ONE + timedelta(days=self.day - 1, hours=hour)


@dataclass(frozen=True, slots=True)
class World:
    """One model on one platform. models: folder with a model folder a label; tracking_uri: MLflow, however reached."""

    folder: Path
    tracking_uri: str
    models: Path
    model: str = "nba-win"
    store_url: str = ""

    @property
    def platform(self) -> Platform:
        """Return the platform; its store and notices lie in the folder."""
        said = {
            "--tracking-uri": self.tracking_uri,
            "--store-url": self.store_url or f"sqlite:///{self.folder / 'store.db'}",
            "--games": str(self.folder / "games"),
            "--publications": str(self.folder / "published"),
            "--notices": str(self.notices),
            "--models-dir": str(self.folder / "policies"),
        }
        return platform_of(words([word for pair in said.items() for word in pair]), "")

    @property
    def notices(self) -> Path:
        """Return the file that every notice goes to."""
        return self.folder / f"{self.model}.notices.jsonl"

    def allow(self, **policy: object) -> None:
        """Write the model's policy."""
        place = self.folder / "policies" / self.model / "policy.yaml"
        place.parent.mkdir(parents=True, exist_ok=True)
        small = {"model": self.model, "margin": 0.1, "bake_nights": 1, "ladder": [25]}
        place.write_text(yaml.safe_dump(small | policy))

    def perform(self, step: Step, late: timedelta = timedelta()) -> object:
        """Do one step; `late` is how much later than planned."""
        with contextlib.chdir(self.folder):
            return PERFORMED[step.name](self, step.at + late, step)

    def repeat(self, step: Step, late: timedelta = timedelta()) -> None:
        """Do a step again that was cut off. An act that took effect may be refused now; then the next tick goes on."""
        try:
            self.perform(step, late)
        except (BadInput, Refused):
            assert step.name not in ("release", "tick")
            self.perform(Step("tick", step.day), late)


def _release(world: World, at: datetime, step: Step) -> object:
    def checked(version: str, model: str, platform: str, now: datetime) -> Checked:
        candidate = Candidate(model, version, read_policy_of.fn(world.platform, model))
        verdict = Verdict(step.args.get("verdict", "PASS"))
        gates = (Gate("contract", Verdict.PASS, "fits"), Gate("holdout", verdict, "as told", {"q_bar": Q_BAR}))
        return record(world.platform.registry, candidate, gates, Q_BAR)

    plain: Any = plainly(release, world.platform)
    plain.__globals__["stage_validate"] = checked
    return plain(str(world.models / step.args["label"]), world.model, now=at, by=step.args.get("by", "tester"))


def _tick(world: World, at: datetime, step: Step) -> object:
    return plainly(canary_promote, world.platform)(world.model, now=at, by="ticker")


def _approve(world: World, at: datetime, step: Step) -> object:
    plain = plainly(approve, world.platform)
    return plain(step.args["step"], "ann", world.model, answer_is=step.args.get("answer", "yes"), now=at)


def _rollback(world: World, at: datetime, step: Step) -> object:
    return plainly(rollback, world.platform)(
        world.model, to=step.args.get("to"), why="looks wrong", by=step.args.get("by", "ann"), now=at
    )


def _intervene(world: World, at: datetime, step: Step) -> object:
    return plainly(intervene, world.platform)(step.name, "ann", step.args.get("why", "I looked"), world.model, now=at)


def units_of(model: str, day: int) -> list[str]:
    """Return the games of a day."""
    return [f"{model}-{day:02d}-{number:02d}" for number in range(GAMES)]


def _forecast(rollout: Rollout, version: str, step: Step) -> float:
    """Return what a version says of every game: the champion always the same, `p` all others, `bad` one of them."""
    if version == rollout.plan.from_version:
        return OLD
    return BAD if version == step.args.get("bad") else float(step.args.get("p", GOOD))


def _register(world: World, at: datetime, step: Step) -> object:
    return world.platform.registry.register(world.model, str(world.models / step.args["label"]), {"author": "tester"})


def _slate(world: World, at: datetime, step: Step) -> object:
    """Lock the slate of the day under the routes in force, and seal what every arm forecasts."""
    import pandas as pd

    rollout = head(world.platform.registry, world.model)
    assert rollout is not None
    tip = pd.Timestamp(at + timedelta(hours=13))
    units = units_of(world.model, step.day)
    games = pd.DataFrame({"game_id": units, "home": "BOS", "away": "NYK", "tip": tip})
    slate = Slate(at.date().isoformat(), games, ())
    manifest = world.platform.store.lock_manifest(
        world.model, slate.date, manifest_of(rollout, slate, Policy(model=world.model).slate), at
    )
    routes: Any = manifest["routes"]
    rows = [
        {
            "slate": slate.date,
            "unit": unit,
            "version": arm["version"],
            "role": arm["role"],
            "served": arm_of(routes, unit)["version"] == arm["version"],
            "p": _forecast(rollout, arm["version"], step),
            "made_at": at,
            "tip_at": tip,
            "features": None,
        }
        for arm in arms_of(routes)
        for unit in units
    ]
    return world.platform.store.seal(world.model, pd.DataFrame(rows))


def _results(world: World, at: datetime, step: Step) -> object:
    """Record the results of the night before: 7 of 12 home wins, or 12 of 12 on a night that shows a bad model."""
    import pandas as pd

    date = (at - timedelta(days=1)).date().isoformat()
    wins = step.args.get("wins", 7)
    rows = [
        {"unit": unit, "slate": date, "status": "final", "outcome": float(number < wins), "details": None}
        for number, unit in enumerate(units_of(world.model, step.day - 1))
    ]
    return len(world.platform.store.record_outcomes(world.model, pd.DataFrame(rows), at))


PERFORMED: dict[str, Callable[[World, datetime, Step], object]] = {
    "release": _release,
    "register": _register,
    "tick": _tick,
    "approve": _approve,
    "rollback": _rollback,
    "hold": _intervene,
    "resume": _intervene,
    "promote_now": _intervene,
    "disable": _intervene,
    "enable": _intervene,
    "slate": _slate,
    "results": _results,
}


def save_models(folder: Path, labels: tuple[str, ...] = ("v1", "v2", "v3", "v4")) -> Path:
    """Save one tiny model folder a label, each with another content."""
    import mlflow
    import pandas as pd

    class Constant(mlflow.pyfunc.PythonModel):  # type: ignore[misc]
        def __init__(self, p: float) -> None:
            self.p = p

        def predict(self, context: object, model_input: pd.DataFrame, params: object = None) -> list[float]:
            return [self.p] * len(model_input)

    example = pd.DataFrame({"home_elo": [1500.0]})
    signature = mlflow.models.infer_signature(example, [0.5])
    for number, label in enumerate(labels):
        mlflow.pyfunc.save_model(
            folder / label,
            python_model=Constant(0.5 + number / 100),
            signature=signature,
            pip_requirements=["pandas"],
        )
    return folder
