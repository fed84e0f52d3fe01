"""The one rule that says which version answers a key: sticky, and nested as a weight grows."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from blocks.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

BUCKETS = 10_000
RETURNED = "returned"
"""The role of keys that an arm lost to the champion: the champion answers them, and no other key moves."""


def bucket_of(salt: str, key: str) -> int:
    """Return the bucket of a key, 0 to 9,999, the same on every host for ever.

    >>> bucket_of("s", "game-1")
    1412
    """
    return int.from_bytes(blake2b(f"{salt}:{key}".encode(), digest_size=8).digest(), "big") % BUCKETS


def arm_of(routes: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Return the arm that answers a key: the challengers in the order given, else the champion.

    Source: design of the rollout log; a key below `weight * 100` of 10,000 buckets is the arm's.

    >>> routes = {"salt": "s", "arms": [{"version": "7", "role": "challenger", "weight": 100},
    ...                                 {"version": "6", "role": "champion", "weight": 0}], "fallback": None}
    >>> arm_of(routes, "game-1")["version"]
    '7'
    """
    bucket = bucket_of(routes["salt"], key)
    edge = 0.0
    champion: dict[str, Any] | None = None
    for arm in routes["arms"]:
        if arm["role"] == "champion":
            champion = arm
            continue
        edge += arm["weight"] * 100
        if bucket < edge:
            return dict(arm)
    if champion is None:
        raise Refused("The routes name no champion.", "Give exactly one arm the role champion.")
    return dict(champion)


def champion_of(routes: Mapping[str, Any]) -> str:
    """Return the champion's version."""
    return next(str(arm["version"]) for arm in routes["arms"] if arm["role"] == "champion")


def versions_of(routes: Mapping[str, Any]) -> list[str]:
    """Return every version the routes name, the champion first, the fallback last, none twice."""
    arms = [str(arm["version"]) for arm in routes["arms"]]
    fallback = [str(routes["fallback"])] if routes.get("fallback") else []
    return list(dict.fromkeys([champion_of(routes), *arms, *fallback]))


def check_routes(routes: object) -> dict[str, Any]:
    """Return the routes in plain form, or raise Refused with the field that is wrong."""
    if not isinstance(routes, dict):
        raise Refused("Routes are a JSON object.", 'Send {"salt": .., "arms": [..], "fallback": ..}.')
    salt, arms, fallback = routes.get("salt"), routes.get("arms"), routes.get("fallback")
    if not isinstance(salt, str):
        raise Refused(f"routes.salt is {salt!r}.", "Give a string.")
    if not isinstance(arms, list) or not arms:
        raise Refused("routes.arms is empty.", "Name at least the champion.")
    plain = [_plain_arm(arm, place) for place, arm in enumerate(arms)]
    champions = [arm["version"] for arm in plain if arm["role"] == "champion"]
    if len(champions) != 1:
        raise Refused(f"routes.arms names {len(champions)} champions.", "Give exactly one arm the role champion.")
    named = [arm["version"] for arm in plain if arm["role"] != RETURNED or arm["version"] != champions[0]]
    if len(set(named)) != len(named):
        raise Refused("routes.arms names a version twice.", "Give every version one arm.")
    total = sum(arm["weight"] for arm in plain)
    if abs(total - 100) > 1e-6:
        raise Refused(f"The weights of routes.arms sum to {total:g}.", "Weights are percent: make them sum to 100.")
    return {"salt": salt, "arms": plain, "fallback": None if fallback is None else str(fallback)}


def _plain_arm(arm: object, place: int) -> dict[str, Any]:
    where = f"routes.arms[{place}]"
    if not isinstance(arm, dict) or not {"version", "role", "weight"} <= arm.keys():
        raise Refused(f"{where} is {arm!r}.", "An arm has version, role and weight.")
    weight = arm["weight"]
    if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 <= weight <= 100:
        raise Refused(f"{where}.weight is {weight!r}.", "A weight is a percent from 0 to 100.")
    if not isinstance(arm["role"], str) or not arm["role"]:
        raise Refused(f"{where}.role is {arm['role']!r}.", "A role is champion, challenger, fallback or an arm's name.")
    return {"version": str(arm["version"]), "role": arm["role"], "weight": weight}
