"""Run a flow's own body without Prefect's engine: every task by its function, every subflow likewise.

The order of the steps is the flow's, so a test that kills a process between two writes kills the real sequence.
"""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any

from prefect import Flow, Task

from blocks.platform import Platform


class OnePlatform:
    """Open one platform, whatever the name."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform

    def open(self, name: str) -> Platform:
        """Return the platform."""
        return self.platform


def plainly(flow: Flow[..., Any], platform: Platform) -> Callable[..., Any]:
    """Return a flow as a plain function on one platform."""
    body = flow.fn
    used = {name: value for name, value in body.__globals__.items() if name in body.__code__.co_names}
    names = {**body.__globals__, **{name: _plain(value, platform) for name, value in used.items()}}
    assert isinstance(body, types.FunctionType)
    return types.FunctionType(body.__code__, names, body.__name__, body.__defaults__, body.__closure__)


def _plain(value: object, platform: Platform) -> object:
    if isinstance(value, Task):
        return value.fn
    if isinstance(value, Flow):
        return plainly(value, platform)
    return OnePlatform(platform) if value is Platform else value
