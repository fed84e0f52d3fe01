"""What Prefect loads to know our block types, in its server's processes too."""

from __future__ import annotations

from blocks.gates import Gates
from blocks.gateway import Gateway
from blocks.notifier import Notifier
from blocks.platform import Platform
from blocks.registry import Registry
from blocks.source import Source
from blocks.store import Store
from blocks.workers import Workers

__all__ = ["Gates", "Gateway", "Notifier", "Platform", "Registry", "Source", "Store", "Workers"]
