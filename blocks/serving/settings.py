"""How the gateway process runs: flags first, then GAMENIGHT_* of the environment, then the defaults."""

from __future__ import annotations

import argparse
import ipaddress
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, NoReturn

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator

if TYPE_CHECKING:
    from collections.abc import Sequence

PREFIX = "GAMENIGHT_"
ONLY_ENVIRONMENT = {"token"}  # a secret among the flags could be read by anyone who may list processes

Level = Literal["buffered", "crash_safe", "power_safe"]
WhenFull = Literal["serve_unlogged", "refuse"]
Positive = Annotated[float, Field(gt=0)]


class Settings(BaseModel):
    """Say where the record, the store and the models are, and what the process may use."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())

    model: Annotated[str, Field(min_length=1, description="registered model to serve")]
    tracking_uri: Annotated[str, Field(min_length=1, description="MLflow's tracking and registry URI")]
    store_url: str | None = Field(
        None, description="database that the journal is shipped to; without one it stays here"
    )
    spool: Path = Field(Path("spool"), description="folder of the journal's local spool")
    cache: Path = Field(Path("cache"), description="folder of downloaded models")
    host: str = Field("127.0.0.1", description="address to bind; anything but loopback needs a token")
    port: int = Field(8600, ge=0, le=65535, description="port to bind; 0 takes a free one")
    token: SecretStr | None = Field(None, description="bearer token of the operate role")
    key_field: str = Field("game_id", description="column that is the routing key when no header names one")
    poll_s: Positive = Field(0.5, description="seconds between two reads of the record")
    routes_stand_s: Positive = Field(30.0, description="seconds that routes stand while the record cannot be read")
    journal_level: Level = Field("crash_safe", description="what a recorded prediction survives")
    spool_max_mb: Positive = Field(512.0, description="size at which the spool is full")
    when_full: WhenFull = Field("serve_unlogged", description="what happens to predictions while the spool is full")
    ship_s: Positive = Field(0.5, description="seconds between two shipments of the journal")
    shadow_queue: int = Field(1000, ge=1, description="requests that may wait for their shadow scores")
    body_max_mb: Positive = Field(16.0, description="largest request body")
    deadline_s: Positive = Field(10.0, description="longest that a slow model may take for one request")
    drain_s: float = Field(0.0, ge=0, description="seconds to go on answering as not ready before the listener closes")
    breaker_window_s: Positive = Field(60.0, description="window of the breakers")
    breaker_min_requests: int = Field(20, ge=1, description="requests below which no error rate opens a breaker")
    breaker_error_rate: float = Field(0.5, gt=0, le=1, description="share of failed requests that opens a breaker")
    breaker_cooldown_s: Positive = Field(30.0, description="seconds before an open breaker is probed")
    breaker_probes: int = Field(3, ge=1, description="good shadow scores in a row that close a breaker")

    @model_validator(mode="after")
    def _guard_the_bind(self) -> Settings:
        if not self.is_loopback and self.token is None:
            raise ValueError(f"host {self.host} can be reached from outside: set {PREFIX}TOKEN, or bind 127.0.0.1")
        return self

    @property
    def is_loopback(self) -> bool:
        """Return whether only this machine can reach the bind address."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


def read_settings(argv: Sequence[str] | None = None) -> Settings:
    """Return the settings of flags and environment; leave with status 2 and one message when they are wrong."""
    parser = argparse.ArgumentParser(prog="python -m blocks.serving", description="Serve one model by its rollout log.")
    for name, field in Settings.model_fields.items():
        if name not in ONLY_ENVIRONMENT:
            text = f"{field.description} (default {field.default})" if not field.is_required() else field.description
            parser.add_argument(f"--{name.replace('_', '-')}", dest=name, default=argparse.SUPPRESS, help=text)
    given = {
        name: os.environ[PREFIX + name.upper()] for name in Settings.model_fields if PREFIX + name.upper() in os.environ
    }
    given |= vars(parser.parse_args(argv))
    try:
        return Settings.model_validate(given)
    except ValidationError as wrong:
        _refuse(wrong)


def prepare_environment(tracking_uri: str) -> None:
    """Set what numpy, OpenMP and MLflow read while they load; call it before any of them is imported."""
    # parts of MLflow that take no address look here, and would make a database in the working folder otherwise
    os.environ["MLFLOW_TRACKING_URI"] = os.environ["MLFLOW_REGISTRY_URI"] = tracking_uri
    # OpenMP threads of one model spin against each other and are 5-8 times slower on busy cores.
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("DO_NOT_TRACK", "true")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    # MLflow's own patience is minutes; the record is asked every second and an answer that late is worthless.
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "10")


def _refuse(wrong: ValidationError) -> NoReturn:
    for error in wrong.errors():
        name = ".".join(str(part) for part in error["loc"])
        flag = f"--{name.replace('_', '-')} (or {PREFIX}{name.upper()}): " if name else ""
        sys.stderr.write(f"gateway: {flag}{error['msg']}\n")
    raise SystemExit(2)


def operators_token() -> str:
    """Return the gateway's token as GAMENIGHT_TOKEN has it, or an empty text."""
    return os.environ.get(f"{PREFIX}TOKEN", "")
