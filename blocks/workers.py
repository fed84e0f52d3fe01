"""Who does the work of a large batch: threads of this process, or the processes of a Dask or a Ray cluster."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Literal

from prefect.blocks.core import Block
from pydantic import Field

from blocks.errors import Refused

if TYPE_CHECKING:
    from prefect.task_runners import TaskRunner


class Workers(Block):
    """Name what runs the partitions of a large batch. The answers are the same on all three."""

    _block_type_name = "Gamenight Workers"
    _block_type_slug = "gamenight-workers"
    _description = "Threads, a Dask cluster or a Ray cluster, for batches that outgrow one process."

    kind: Literal["threads", "dask", "ray"] = Field("threads", title="Kind", description="dask and ray are extras.")
    count: int | None = Field(
        None, ge=1, title="Count", description="Workers of a local cluster; the cores when empty."
    )
    address: str | None = Field(
        None, title="Address", description="A running Dask scheduler or Ray head; a local one is started when empty."
    )

    def runner(self) -> TaskRunner[Any]:
        """Return Prefect's task runner of this kind; raises Refused with the extra to install."""
        count = self.count or os.cpu_count() or 1
        if self.kind == "threads":
            from prefect.task_runners import ThreadPoolTaskRunner

            return ThreadPoolTaskRunner(max_workers=count)
        return self._dask(count) if self.kind == "dask" else self._ray(count)

    def _dask(self, count: int) -> TaskRunner[Any]:
        try:
            from prefect_dask import DaskTaskRunner
        except ModuleNotFoundError as error:
            raise _missing(self.kind) from error
        local = {"n_workers": count, "threads_per_worker": 1, "dashboard_address": None}
        given = {"address": self.address} if self.address else {"cluster_kwargs": local}
        runner: TaskRunner[Any] = DaskTaskRunner(**given)
        return runner

    def _ray(self, count: int) -> TaskRunner[Any]:
        try:
            from prefect_ray import RayTaskRunner
        except ModuleNotFoundError as error:
            raise _missing(self.kind) from error
        local = {"num_cpus": count, "include_dashboard": False, "log_to_driver": False}
        runner: TaskRunner[Any] = RayTaskRunner(address=self.address, init_kwargs={} if self.address else local)
        return runner


def _missing(kind: str) -> Refused:
    return Refused(f"Workers of the kind {kind} are not installed.", f'Install them: pip install "gamenight[{kind}]".')
