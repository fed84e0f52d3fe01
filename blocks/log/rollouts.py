"""The log of a model's rollouts: one run an attempt, its events as write-once params, their order in the index run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from blocks.errors import NotFound
from blocks.log import places
from blocks.log.client import asking, client
from blocks.log.register import params, put_once

if TYPE_CHECKING:
    from mlflow.entities import Run

KEY_TAG = "rollout.key"
ABANDONED_TAG = "rollout.abandoned"
PROJECTED_TAG = "projected"


@dataclass(frozen=True, slots=True)
class Record:
    """The texts of one rollout as they stand in MLflow: its plan, its events in order, its tags."""

    run_id: str
    number: int
    plan: str
    events: tuple[str, ...]
    tags: dict[str, str]


@dataclass(frozen=True, slots=True)
class RolloutLog:
    """The rollouts of every model behind one tracking URI. Raises Unavailable, Conflict, NotFound, Refused."""

    tracking_uri: str

    def order(self, model: str) -> list[str]:
        """Return the run ids of a model's rollouts, oldest first; the last one is the head."""
        found = places.find(self.tracking_uri, model)
        return _numbered(params(self.tracking_uri, found.index), "r/") if found else []

    def read(self, run_id: str, number: int = 0) -> Record:
        """Return one rollout's record; raise NotFound for a run without a plan."""
        with asking(f"read rollout {run_id}", self.tracking_uri):
            return _record(client(self.tracking_uri).get_run(run_id), number)

    def head(self, model: str) -> Record | None:
        """Return the newest rollout of a model, or None when there never was one."""
        order = self.order(model)
        return self.read(order[-1], len(order)) if order else None

    def all(self, model: str) -> list[Record]:
        """Return every rollout of a model, oldest first, in few calls."""
        order = self.order(model)
        if not order:
            return []
        found = places.create(self.tracking_uri, model)
        with asking(f"read the rollouts of {model}", self.tracking_uri):
            runs = {run.info.run_id: run for run in _every_run(self.tracking_uri, found.experiment)}
        return [_record(runs[run_id], number) for number, run_id in enumerate(order, 1)]

    def prepare(self, model: str, key: str, name: str) -> str:
        """Return the run of a request that has not become a rollout yet, found by its key or made anew."""
        found = places.create(self.tracking_uri, model)
        with asking(f"prepare rollout {key}", self.tracking_uri):
            mlflow = client(self.tracking_uri)
            known = mlflow.search_runs([found.experiment], f"tags.`{KEY_TAG}` = '{key}'", max_results=50)
            waiting = [run for run in known if ABANDONED_TAG not in run.data.tags]
            if waiting:
                return str(waiting[0].info.run_id)
            return str(mlflow.create_run(found.experiment, tags={KEY_TAG: key}, run_name=name).info.run_id)

    def plan(self, run_id: str, text: str, from_version: str | None, to_version: str) -> None:
        """Write a rollout's plan and its two ends; the same plan again is accepted."""
        put_once(self.tracking_uri, run_id, "plan", text)
        put_once(self.tracking_uri, run_id, "from", from_version or "")
        put_once(self.tracking_uri, run_id, "to", to_version)

    def claim(self, model: str, number: int, run_id: str) -> None:
        """Make a planned run the model's rollout `number`; raise Conflict when another run has that place."""
        found = places.create(self.tracking_uri, model)
        put_once(self.tracking_uri, found.index, f"r/{number:04d}", run_id)

    def append(self, run_id: str, number: int, text: str) -> None:
        """Write event `number`; raise Conflict when another event has that place."""
        put_once(self.tracking_uri, run_id, f"e/{number:04d}", text)

    def save_evidence(self, run_id: str, sha: str, text: str) -> None:
        """Keep the evidence of a look under its digest; the same evidence again changes nothing."""
        with asking(f"save evidence {sha[:12]} of {run_id}", self.tracking_uri):
            client(self.tracking_uri).log_text(run_id, text, f"evidence/{sha}.json")

    def save_report(self, run_id: str, text: str) -> None:
        """Keep the report of a rollout without exposure as `report.md`; the newest one stands."""
        with asking(f"save the report of {run_id}", self.tracking_uri):
            client(self.tracking_uri).log_text(run_id, text, "report.md")

    def evidence(self, run_id: str, sha: str) -> str:
        """Return the text of an event's evidence."""
        with asking(f"read evidence {sha[:12]} of {run_id}", self.tracking_uri), TemporaryDirectory() as folder:
            path = client(self.tracking_uri).download_artifacts(run_id, f"evidence/{sha}.json", folder)
            return Path(path).read_text(encoding="utf-8")

    def measure(self, run_id: str, figures: dict[str, float], step: int) -> None:
        """Log the figures of look number `step` as the run's metrics, for the curves in MLflow's UI."""
        from mlflow.entities import Metric

        with asking(f"log the figures of {run_id}", self.tracking_uri):
            metrics = [Metric(name, value, 0, step) for name, value in figures.items()]
            client(self.tracking_uri).log_batch(run_id, metrics=metrics)

    def tag(self, run_id: str, tags: dict[str, str]) -> None:
        """Write run tags: cursors and other things that may be rebuilt."""
        from mlflow.entities import RunTag

        with asking(f"tag run {run_id}", self.tracking_uri):
            written = [RunTag(key, value) for key, value in tags.items()]
            client(self.tracking_uri).log_batch(run_id, tags=written)

    def close(self, run_id: str) -> None:
        """Mark the run of an ended rollout finished, so that MLflow's list shows what is under way."""
        with asking(f"close run {run_id}", self.tracking_uri):
            client(self.tracking_uri).set_terminated(run_id)

    def operations(self, model: str) -> list[str]:
        """Return the texts of the acts outside rollouts, oldest first."""
        found = places.find(self.tracking_uri, model)
        return _numbered(params(self.tracking_uri, found.operations), "e/") if found else []

    def operate(self, model: str, number: int, text: str) -> None:
        """Write act `number` outside rollouts; raise Conflict when another act has that place."""
        found = places.create(self.tracking_uri, model)
        put_once(self.tracking_uri, found.operations, f"e/{number:04d}", text)


def _record(run: Run, number: int) -> Record:
    written: dict[str, Any] = run.data.params
    if "plan" not in written:
        raise NotFound(f"run {run.info.run_id} has no plan: it is not a rollout.")
    return Record(run.info.run_id, number, written["plan"], tuple(_numbered(written, "e/")), dict(run.data.tags))


def _numbered(written: dict[str, str], prefix: str) -> list[str]:
    return [written[key] for key in sorted(key for key in written if key.startswith(prefix))]


def _every_run(tracking_uri: str, experiment: str) -> list[Run]:
    found: list[Run] = []
    token: str | None = None
    while True:
        page = client(tracking_uri).search_runs([experiment], max_results=1000, page_token=token)
        found.extend(page)
        token = page.token
        if not token:
            return found
