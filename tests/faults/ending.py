"""How a story ended, without what may differ from one telling to the next."""

from __future__ import annotations

import json
from typing import Any

from faults.invariants import Seen

from blocks.log.reader import current_routes
from tasks.rollout.event import Event


def ending(seen: Seen, anonymous: bool = False) -> dict[str, object]:
    """Return the end that must not depend on a kill: events, aliases, version tags, routes in force.

    Left out are times, authors, chain digests and run ids; `anonymous` also leaves out what the model's name enters.
    """
    registry = seen.world.platform.registry
    routes = current_routes(seen.world.tracking_uri, seen.world.model)
    tags = {
        str(row["version"]): {
            key: value
            for key, value in dict(row["tags"]).items()  # type: ignore[call-overload]
            if key in ("rollout.stage", "validation.status", "quarantined")
        }
        for row in registry.versions(seen.world.model)
    }
    return {
        "rollouts": [[_timeless(event, anonymous) for event in rollout.events] for rollout in seen.rollouts],
        "plans": [[r.plan.request.version, r.plan.strategy, r.plan.from_version] for r in seen.rollouts],
        "aliases": seen.aliases,
        "tags": {version: kept for version, kept in tags.items() if kept},
        "routes": _salted(routes["routes"], anonymous) if routes else None,
        "projected": [record.tags.get("projected") for record in seen.records],
    }


def _timeless(event: Event, anonymous: bool) -> dict[str, object]:
    kept = json.loads(event.to_text())
    kept = {name: value for name, value in kept.items() if name not in ("at", "by", "prev")}
    kept["detail"] = {key: value for key, value in kept["detail"].items() if key not in ("run", "expires", "plan")}
    if anonymous:
        kept["evidence"] = bool(kept["evidence"])
        kept["detail"].pop("labels", None)
    return {**kept, "routes": _salted(kept["routes"], anonymous)}


def _salted(routes: Any, anonymous: bool) -> Any:
    return {**routes, "salt": ""} if anonymous else routes
