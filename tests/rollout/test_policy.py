"""The policy: defaults as documented, and one clear message for what cannot be used."""

from __future__ import annotations

import pytest

from tasks.rollout.policy import read_policy
from tasks.rollout.refusal import BadInput


def test_the_smallest_policy_is_a_name() -> None:
    policy = read_policy({"model": "nba-win"}, "policy.yaml")
    assert (policy.ladder, policy.alpha, policy.n_max, policy.patience_nights) == ((5, 25, 50), 0.10, 600, 10)


def test_the_digest_covers_the_defaults_and_every_change() -> None:
    same = read_policy({"model": "m", "margin": 0.01}, "p").sha
    assert same == read_policy({"model": "m"}, "p").sha
    assert same != read_policy({"model": "m", "margin": 0.02}, "p").sha


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"lader": [5]}, "lader"),
        ({"approval": {"befor": [100]}}, "approval.befor"),
        ({"strategy": "rolling"}, "strategy"),
        ({"ladder": [25, 5]}, "must rise"),
        ({"ladder": []}, "at least one weight"),
        ({"strategy": "ab", "arms": {"7": 70, "8": 20}}, "add up to 90"),
        ({"arms": {"7": 50, "8": 50}}, "only strategy ab"),
        ({"margin": 0}, "margin"),
        ({"alpha": 1.5}, "alpha"),
        ({"task": "bounded"}, "outcome_range"),
        ({"model": ""}, "model"),
    ],
)
def test_a_policy_that_cannot_be_used_is_named_by_its_field(change: dict[str, object], said: str) -> None:
    with pytest.raises(BadInput) as error:
        read_policy({"model": "nba-win"} | change, "policy.yaml")
    assert said in str(error.value)
    assert str(error.value).startswith("policy.yaml")
