"""What a server of predictions needs of the log: the routes of the highest event, without folding anything."""

from __future__ import annotations

import json

from blocks.log.rollouts import RolloutLog


def current_routes(tracking_uri: str, model: str) -> dict[str, object] | None:
    """Return `{"model", "run_id", "n", "stage", "champion", "routes"}` in force now, or None before any rollout.

    A rollout that has a place in the index but no event yet has changed nothing: the routes before it stand.
    Raises Unavailable when MLflow does not answer.
    """
    log = RolloutLog(tracking_uri)
    order = log.order(model)
    for number in range(len(order), 0, -1):
        record = log.read(order[number - 1], number)
        if record.events:
            event = json.loads(record.events[-1])
            arms = event["routes"]["arms"]
            champions = [arm["version"] for arm in arms if arm["role"] == "champion"]
            return {
                "model": model,
                "run_id": record.run_id,
                "n": event["n"],
                "stage": event["stage"],
                "champion": champions[0] if champions else None,
                "routes": event["routes"],
            }
    return None
