"""Read the record of a home without starting a server: from the stack that runs there, else from its files."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from blocks.catalogue.fetching import PROXIED
from blocks.errors import NotFound
from deployments.stack import environment
from deployments.stack.home import Home
from deployments.stack.stack import attach
from tasks.rollout.refusal import BadInput

if TYPE_CHECKING:
    from blocks.log.rollouts import Record
    from blocks.registry import Registry
    from blocks.store import Store
    from tasks.integrity import Audited
    from tasks.rollout.fold import Rollout


@dataclass(frozen=True, slots=True)
class Reading:
    """An open record: where MLflow is read, and where its files are when no server hands them out."""

    home: Home
    tracking_uri: str

    @property
    def registry(self) -> Registry:
        """The registry, made here; nothing is asked of Prefect."""
        from blocks.registry import Registry

        return Registry(tracking_uri=self.tracking_uri, files=str(self.home.artifacts))

    @property
    def store(self) -> Store:
        """The prediction store of the home."""
        return store_of(self.home)

    def models(self) -> list[str]:
        """Return the names of every model that is registered or has a log."""
        from blocks.log.client import asking, client
        from blocks.log.places import HOME

        with asking("list the models", self.tracking_uri):
            mlflow = client(self.tracking_uri)
            logs = mlflow.search_experiments(filter_string=f"name LIKE '{HOME}/%'", max_results=1000)
            names = {one.name.removeprefix(f"{HOME}/") for one in logs}
            return sorted(names | {one.name for one in mlflow.search_registered_models(max_results=1000)})

    def named(self, model: str | None) -> str:
        """Return the model that was named, or the only one there is; raise NotFound or BadInput with the names."""
        known = self.models()
        if model is None and len(known) == 1:
            return known[0]
        names = ", ".join(known) or "none"
        if model is None and known:
            raise BadInput("model", f"name one of the models of {self.home.root}: {names}")
        if model not in known:
            what = f"There is no model {model!r}" if model else "There is no model yet"
            remedy = f"It has: {names}." if known else "Release one: gamenight release --help."
            raise NotFound(f"{what} in {self.home.root}.", remedy)
        return str(model)

    def records(self, model: str) -> list[Record]:
        """Return the raw texts of every rollout, oldest first."""
        return self.registry.log.all(model)

    def audited(self, model: str) -> list[Audited]:
        """Return every rollout as far as its log can be trusted, oldest first."""
        from tasks.integrity import audit

        return [audit(record) for record in self.records(model)]

    def head(self, model: str) -> Rollout | None:
        """Return the newest rollout, None before the first."""
        from tasks.records import head

        return head(self.registry, model)

    def evidence(self, run_id: str, sha: str) -> str:
        """Return the text of a piece of evidence, from the server or from the files behind it."""
        from blocks.log.client import asking, client

        with asking(f"find the files of run {run_id}", self.tracking_uri):
            place = str(client(self.tracking_uri).get_run(run_id).info.artifact_uri)
        if not place.startswith(PROXIED) or self.tracking_uri.startswith("http"):
            return self.registry.log.evidence(run_id, sha)
        path = self.home.artifacts / place.removeprefix(PROXIED).lstrip("/") / "evidence" / f"{sha}.json"
        try:
            return path.read_text(encoding="utf-8")
        except OSError as error:
            raise NotFound(f"{path} is missing ({error.strerror}).") from error


def store_of(home: Home) -> Store:
    """Return the prediction store of a home; raise NotFound where nothing was ever stored."""
    from pydantic import SecretStr

    from blocks.store import Store

    if not (home.root / "store.db").is_file():
        raise nothing_in(home)
    return Store(url=SecretStr(home.store_url))


@contextlib.contextmanager
def opened(where: Path) -> Iterator[Reading]:
    """Open the record of a home for reading; raise NotFound where no stack has ever run."""
    home = Home.at(where)
    found = attach(home.root)
    if found is None and not (home.root / "mlflow.db").is_file():
        raise nothing_in(home)
    address = found.urls.mlflow if found else home.tracking_database
    variables = {"MLFLOW_TRACKING_URI": address, "MLFLOW_REGISTRY_URI": address, "PREFECT_HOME": str(home.prefect)}
    with environment.applied({**environment.QUIET_AND_SAFE, **variables}):
        yield Reading(home, address)


def nothing_in(home: Home) -> NotFound:
    """Return the error for a home in which nothing was ever done."""
    remedy = "Start a stack with `gamenight up`, see it all with `gamenight demo`, or name another --home."
    return NotFound(f"There is no record in {home.root}: no stack has run there.", remedy)
