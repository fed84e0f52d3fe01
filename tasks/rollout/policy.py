"""What a model's owner allows: `policy.yaml`, read once, checked whole, pinned by its digest."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from tasks.rollout.canonical import canonical, digest
from tasks.rollout.refusal import BadInput

Share = Annotated[float, Field(gt=0, lt=1)]
Nights = Annotated[int, Field(ge=0, le=400)]
Version = Annotated[str, Field(pattern=r"^[1-9][0-9]*$")]


class Strict(BaseModel):
    """A part of the policy: unknown keys are errors, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Approval(Strict):
    """Steps that a person must let through: `before` lists weights, 100 for the promotion."""

    before: tuple[int, ...] = ()
    by: tuple[str, ...] = ()
    expires_hours: float = Field(48, gt=0)


class Freeze(Strict):
    """When no step up is taken: around the games of a night, and in windows `[from, to]` in ISO time."""

    hours_before_first_tip: float = Field(3, ge=0)
    until: Literal["labels_closed", "never"] = "labels_closed"
    windows: tuple[tuple[str, str], ...] = ()


class Operations(Strict):
    """Streams besides the score that count in the verdict."""

    errors: bool = False
    slow_ms: float | None = Field(None, gt=0)
    error_limit: Share = 0.01
    temper: float = Field(0.25, gt=0, le=1)


class Breaker(Strict):
    """When the gateway turns away from a version by itself."""

    window_s: float = Field(60, gt=0)
    min_requests: int = Field(20, ge=1)
    error_rate: float = Field(0.5, gt=0, le=1)
    slow_ms: float = Field(500, gt=0)
    cooldown_s: float = Field(30, gt=0)
    probes: int = Field(3, ge=1)


class Routing(Strict):
    """Which field of a request is its key, and how many requests may wait for the shadow."""

    key_field: str = "game_id"
    shadow_queue: int = Field(1000, ge=1)


class Journal(Strict):
    """How surely an online prediction is written down before it is answered."""

    level: Literal["buffered", "crash_safe", "power_safe"] = "crash_safe"
    spool_max_mb: int = Field(512, ge=1)
    when_full: Literal["refuse", "serve_unlogged"] = "serve_unlogged"


class Slate(Strict):
    """Minutes before the first tip-off by which a slate is scored, and scored again."""

    lead_minutes: int = Field(60, ge=0)
    rescore_minutes: int = Field(20, ge=0)
    timezone: str = "America/New_York"


GATES_OF_DATA = ("training", "features", "holdout", "slates", "predictions", "results", "evidence", "window")
GATES_OF_VERSIONS = (
    "contract",
    "determinism",
    "robustness",
    "latency",
    "holdout",
    "calibration",
    "slices",
    "leak",
    "explainability",
    "gateway",
)


class Gates(Strict):
    """The suite of each data gate, and the gates that are shown but not counted."""

    slates: str = "slates.yaml"
    results: str = "results.yaml"
    training: str = "training.yaml"
    dry_run: tuple[str, ...] = ()

    @field_validator("dry_run")
    @classmethod
    def _gates_exist(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        known = dict.fromkeys((*GATES_OF_DATA, *GATES_OF_VERSIONS))
        strange = [name for name in names if name not in known]
        if strange:
            raise ValueError(f"there is no gate {strange[0]!r}; there are {', '.join(known)}")
        return names


class Twin(Strict):
    """The fast copy of a model: made where possible, kept where it agrees to `tolerance` in probability."""

    onnx: Literal["auto", "off", "required"] = "auto"
    tolerance: float = Field(1e-6, gt=0)


class Drift(Strict):
    """The declared statistic of each column and the effect that counts as drift."""

    statistic: dict[str, Literal["ks", "psi"]] = {"default": "ks"}
    effect: dict[str, float] = {"ks": 0.1, "psi": 0.1}
    fdr: Share = 0.05
    min_rows: int = Field(30, ge=2)
    reference: Literal["training", "season_phase"] = "training"


class Alerts(Strict):
    """Names of notifier blocks per severity, and the severity of each alert type where it differs."""

    route: dict[Literal["INFO", "WARNING", "CRITICAL"], tuple[str, ...]] = {"INFO": (), "WARNING": (), "CRITICAL": ()}
    rules: dict[str, str] = {}


class Retrain(Strict):
    """When a model is trained again by itself."""

    schedule: str | None = None
    on: tuple[str, ...] = ()
    cooldown_days: int = Field(14, ge=0)


class Policy(Strict):
    """Everything that a model's owner decides; the smallest policy is `model: NAME`."""

    model: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$")]
    task: Literal["probability", "classes", "bounded"] = "probability"
    outcome_range: tuple[float, float] | None = None
    strategy: Literal["canary", "blue_green", "shadow", "ab"] = "canary"
    ladder: tuple[Annotated[int, Field(ge=1, le=100)], ...] = (5, 25, 50)
    arms: dict[Version, Annotated[int, Field(ge=1, le=99)]] | None = None
    score: Literal["brier", "log", "absolute"] = "brier"
    margin: float = Field(0.01, gt=0)
    alpha: Share = 0.10
    beta: Share = 0.05
    n_max: int = Field(600, ge=20)
    shadow_nights: Nights = 1
    bake_nights: Nights = 3
    watch_nights: Nights = 60
    patience_nights: Annotated[int, Field(ge=1)] = 10
    error_limit: int = Field(4, ge=1)
    labels_overdue_hours: float = Field(36, gt=0)
    fallback: Literal["champion"] | float = "champion"
    last_resort: Literal["unavailable", "last_sealed"] | Annotated[float, Field(ge=0, le=1)] = "unavailable"
    approval: Approval = Approval()
    freeze: Freeze = Freeze()
    operations: Operations = Operations()
    breaker: Breaker = Breaker()
    routing: Routing = Routing()
    journal: Journal = Journal()
    slate: Slate = Slate()
    gates: Gates = Gates()
    twin: Twin = Twin()
    drift: Drift = Drift()
    alerts: Alerts = Alerts()
    retrain: Retrain = Retrain()

    @model_validator(mode="after")
    def _steps_fit_the_strategy(self) -> Self:
        if any(low >= high for low, high in zip(self.ladder, self.ladder[1:], strict=False)):
            raise ValueError(f"ladder: weights must rise, got {list(self.ladder)}; write for example [5, 25, 50]")
        if self.strategy == "canary" and not self.ladder:
            raise ValueError("ladder: a canary needs at least one weight; for no exposure say strategy: shadow")
        if self.arms is not None and self.strategy != "ab":
            raise ValueError("arms: only strategy ab takes arms; remove them or say strategy: ab")
        if self.arms is not None and sum(self.arms.values()) != 100:
            raise ValueError(f"arms: the weights add up to {sum(self.arms.values())}, they must add up to 100")
        if (self.task == "bounded") != (self.outcome_range is not None):
            raise ValueError("outcome_range: [low, high] goes with task: bounded, and only with it")
        low, high = self.outcome_range or (0.0, 1.0)
        if not -1e300 < low < high < 1e300:
            raise ValueError(f"outcome_range: {low} to {high} is no range; write [low, high] with low below high")
        if self.fallback != "champion" and not low <= self.fallback <= high:
            raise ValueError(f"fallback: {self.fallback} is outside {low} to {high}")
        fits = {"probability": ("brier", "log"), "classes": ("brier",), "bounded": ("brier", "absolute")}[self.task]
        if self.score not in fits:
            raise ValueError(f"score: {self.score} does not fit task: {self.task}; use {' or '.join(fits)}")
        return self

    @property
    def steps(self) -> tuple[int, ...]:
        """Return the weights in percent that the strategy climbs before the promotion.

        >>> Policy(model="nba-win", strategy="blue_green").steps
        (100,)
        """
        return {"canary": self.ladder, "blue_green": (100,), "shadow": (), "ab": (50,)}[self.strategy]

    @property
    def loss(self) -> str:
        """Return the loss that is compared, by its name in the judgement: Brier is the squared error of every task.

        >>> Policy(model="totals", task="bounded", outcome_range=(150, 300)).loss
        'squared'
        """
        brier = {"probability": "brier", "classes": "classes", "bounded": "squared"}[self.task]
        return brier if self.score == "brier" else self.score

    @property
    def sha(self) -> str:
        """Return the digest of the whole policy, defaults included."""
        return digest(canonical(self.model_dump(mode="json")))


def read_policy(values: object, where: str) -> Policy:
    """Return the checked policy of a parsed YAML document; `where` names the file in the error."""
    if not isinstance(values, dict):
        raise BadInput(where, "expected keys and values such as `model: nba-win`, found something else")
    try:
        return Policy.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        if first["type"] == "extra_forbidden":
            raise BadInput(f"{where}: {field}", "this key is not known; see docs/reference/policy.md") from error
        message = first["msg"].removeprefix("Value error, ")
        raise BadInput(f"{where}: {field}" if field else where, message) from error
