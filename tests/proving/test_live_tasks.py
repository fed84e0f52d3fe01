"""A release is for probabilities; the other tasks are refused before a version is tried."""

from __future__ import annotations

import pytest

from tasks.rollout.policy import read_policy
from tasks.rollout.refusal import BadInput
from tasks.trials import must_be_played_live


@pytest.mark.parametrize("values", [{"task": "classes"}, {"task": "bounded", "outcome_range": [150, 300]}])
def test_a_task_that_no_release_can_settle_is_refused_with_the_remedy(values: dict[str, object]) -> None:
    policy = read_policy({"model": "totals", **values}, "policy.yaml")
    with pytest.raises(BadInput, match="say `task: probability`"):
        must_be_played_live(policy)
