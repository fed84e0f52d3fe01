"""The frozen rule: what it refuses, and its digest."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tasks.judgement.rule import Rule
from tasks.rollout.refusal import BadInput

RULE = Rule(q_bar=0.003)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("margin", 0.0),
        ("margin", -0.01),
        ("alpha", 1.0),
        ("beta", 0.0),
        ("q_bar", float("nan")),
        ("n_max", 0),
        ("ladder", (25, 5)),
        ("ladder", (0, 5)),
        ("score", "accuracy"),
        ("clip", 0.5),
        ("challengers", 0),
    ],
)
def test_a_rule_that_cannot_be_judged_by_is_refused(field: str, value: object) -> None:
    with pytest.raises(BadInput) as refusal:
        replace(RULE, **{field: value})  # type: ignore[arg-type]  # the point of the test
    assert refusal.value.field == field


def test_the_digest_of_a_rule_follows_its_fields() -> None:
    assert RULE.digest == Rule(q_bar=0.003).digest != replace(RULE, margin=0.02).digest
