"""One name opens a whole world: the record, the store, the gateway, the gates, the games and who is told."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from prefect.blocks.core import Block
from pydantic import Field

from blocks.errors import NotFound, Refused
from blocks.gates import Gates
from blocks.gateway import Gateway
from blocks.notifier import Notifier
from blocks.registry import Registry
from blocks.source import Source
from blocks.store import Store
from blocks.workers import Workers


class Platform(Block):
    """Everything that a flow talks to, under one name such as `local`, `staging` or `production`."""

    _block_type_name = "Gamenight Platform"
    _block_type_slug = "gamenight-platform"
    _description = "The record, the store, the gateway, the gates, the games and the notifier of one environment."

    registry: Registry
    store: Store
    gateway: Gateway | None = None
    gates: Gates
    source: Source
    notifier: Notifier
    workers: Workers = Field(default_factory=Workers)
    publications: str = Field(
        title="Publications", description="The folder that gets the forecasts of every slate as CSV."
    )
    models: str = Field(title="Models", description="The folder with a subfolder a model: policy.yaml and its suites.")

    @classmethod
    def open(cls, name: str) -> Platform:
        """Return the platform that was saved under a name; raise NotFound with how to save one."""
        try:
            return cast(Platform, cls.load(name))
        except ValueError as error:
            remedy = "Start the stack with `gamenight up`, or save it: python -m blocks --help."
            raise NotFound(f"There is no platform {name!r} on this Prefect server.", remedy) from error

    def policy(self, model: str) -> object:
        """Return the parsed YAML of a model's policy; raise NotFound or Refused with the file's name."""
        path = Path(self.models) / model / "policy.yaml"
        if not path.is_file():
            raise NotFound(f"{model} has no policy: {path} is missing.", f"Write one; `model: {model}` is enough.")
        return self._parsed(path)

    def limits(self, model: str) -> object:
        """Return the parsed YAML of what a model's versions are held to, None where it has no such file."""
        path = Path(self.models) / model / "gates.yaml"
        return self._parsed(path) if path.is_file() else None

    def _parsed(self, path: Path) -> object:
        import yaml

        try:
            return yaml.safe_load(path.read_text(encoding="utf-8"))
        except yaml.YAMLError as error:
            raise Refused(f"{path} is not YAML: {error}") from error
