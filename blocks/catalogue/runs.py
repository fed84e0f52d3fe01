"""Runs that record what happened outside a rollout: a validation, a monitoring report."""

from __future__ import annotations

import time
from collections.abc import Mapping

from blocks.log.client import asking, client


def record(
    tracking_uri: str, experiment: str, name: str, metrics: Mapping[str, float], files: Mapping[str, str]
) -> str:
    """Write one finished run with metrics and text files (path -> text) and return its id."""
    import mlflow
    from mlflow.entities import Metric

    with asking(f"record {name} in {experiment}", tracking_uri):
        mlflow.set_tracking_uri(tracking_uri)
        place = mlflow.set_experiment(experiment).experiment_id
        run_id = str(client(tracking_uri).create_run(place, run_name=name).info.run_id)
        for path, text in files.items():
            client(tracking_uri).log_text(run_id, text, path)
        now = int(time.time() * 1000)
        client(tracking_uri).log_batch(run_id, [Metric(key, value, now, 0) for key, value in metrics.items()])
        client(tracking_uri).set_terminated(run_id)
    return run_id


def params(tracking_uri: str, run_id: str) -> dict[str, str]:
    """Return the params of a run, such as what a model was trained on."""
    with asking(f"read run {run_id}", tracking_uri):
        return dict(client(tracking_uri).get_run(run_id).data.params)
