"""The rule of arms: sticky, nested, exact."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blocks.errors import Refused
from blocks.serving.router import arm_of, bucket_of, champion_of, check_routes, versions_of
from tests.serving.conftest import routes_of

KEYS = st.text(max_size=40)
SALTS = st.text(max_size=12)
WEIGHTS = st.floats(0, 100)


@given(SALTS, KEYS)
def test_the_bucket_is_the_published_hash(salt: str, key: str) -> None:
    digest = blake2b(f"{salt}:{key}".encode(), digest_size=8).digest()
    assert bucket_of(salt, key) == int.from_bytes(digest, "big") % 10_000


@given(KEYS, WEIGHTS, WEIGHTS)
def test_a_key_that_sees_the_challenger_still_sees_it_at_every_higher_weight(key: str, one: float, two: float) -> None:
    low, high = sorted((one, two))
    if arm_of(routes_of("6", "7", low), key)["version"] == "7":
        assert arm_of(routes_of("6", "7", high), key)["version"] == "7"


@given(KEYS)
def test_nobody_sees_a_challenger_of_weight_0_and_everybody_one_of_100(key: str) -> None:
    assert arm_of(routes_of("6", "7", 0), key)["role"] == "champion"
    assert arm_of(routes_of("6", "7", 100), key)["role"] == "challenger"


@given(st.lists(st.integers(0, 33), min_size=1, max_size=3), KEYS)
def test_arms_own_the_buckets_side_by_side_in_the_order_given(weights: list[int], key: str) -> None:
    arms = [{"version": str(place), "role": "challenger", "weight": weight} for place, weight in enumerate(weights)]
    arms.append({"version": "c", "role": "champion", "weight": 100 - sum(weights)})
    bucket, edges = bucket_of("s", key), [sum(weights[: place + 1]) * 100 for place in range(len(weights))]
    expected = next((str(place) for place, edge in enumerate(edges) if bucket < edge), "c")
    assert arm_of({"salt": "s", "arms": arms, "fallback": None}, key)["version"] == expected


@given(KEYS, WEIGHTS)
def test_the_place_of_the_champion_in_the_list_does_not_matter(key: str, weight: float) -> None:
    routes = routes_of("6", "7", weight)
    turned = {**routes, "arms": routes["arms"][::-1]}
    assert arm_of(routes, key) == arm_of(turned, key)


def test_shares_are_exact_to_the_bucket() -> None:
    by_bucket = {bucket_of("night", f"k{number}"): f"k{number}" for number in range(150_000)}
    assert len(by_bucket) == 10_000
    for weight in (0.01, 5, 25, 50, 99.99):
        seen = sum(arm_of(routes_of("6", "7", weight), key)["version"] == "7" for key in by_bucket.values())
        assert seen == round(weight * 100)


def test_another_salt_draws_other_keys() -> None:
    keys = [f"k{number}" for number in range(2000)]
    arms = [[arm_of({**routes_of("6", "7", 50), "salt": salt}, key)["version"] for key in keys] for salt in "ab"]
    same = sum(one == two for one, two in zip(*arms, strict=True))
    assert 850 < same < 1150


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        ([], "JSON object"),
        ({"arms": [{"version": "1", "role": "champion", "weight": 100}]}, "salt"),
        ({"salt": "s", "arms": []}, "arms is empty"),
        ({"salt": "s", "arms": [{"version": "1", "role": "challenger", "weight": 100}]}, "0 champions"),
        ({"salt": "s", "arms": [{"version": "1", "role": "champion", "weight": 90}]}, "sum to 90"),
        ({"salt": "s", "arms": [{"version": "1", "role": "champion", "weight": True}]}, "weight"),
        ({"salt": "s", "arms": [{"version": "1", "role": "champion", "weight": float("nan")}]}, "weight"),
        ({"salt": "s", "arms": [{"version": "1", "role": "champion"}]}, r"arms\[0\]"),
        ({"salt": "s", "arms": [{"version": "1", "role": "", "weight": 100}]}, "role"),
        (
            {"salt": "s", "arms": [{"version": v, "role": r, "weight": 50} for v, r in ((1, "a"), ("1", "champion"))]},
            "twice",
        ),
    ],
)  # fmt: skip
def test_routes_that_are_none_are_refused_by_field(broken: Any, why: str) -> None:
    with pytest.raises(Refused, match=why):
        check_routes(broken)


def test_versions_are_named_once_the_champion_first_and_the_fallback_last() -> None:
    routes = check_routes(routes_of("6", "7", 25, fallback="5"))
    assert champion_of(routes) == "6"
    assert versions_of(routes) == ["6", "7", "5"]
    assert versions_of(check_routes(routes_of("6", "7", 25, fallback="7"))) == ["6", "7"]
