"""The terms of a unit: their value, their range, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.judgement.paired import paired_terms, two_outcome_terms
from tasks.rollout.refusal import BadInput

unit = st.floats(0.0, 1.0)


@given(unit, unit, st.sampled_from([0, 1]))
def test_brier_terms_are_the_losses_and_half_their_range_squared(old: float, new: float, y: int) -> None:
    d, q = paired_terms([old], [new], [y])
    assert d[0] == pytest.approx((new - y) ** 2 - (old - y) ** 2, abs=1e-12)
    assert q[0] == pytest.approx((new - old) ** 2, abs=1e-12)


@given(unit, unit, st.sampled_from([0, 1]))
def test_log_terms_clip_both_and_use_the_gap_of_the_logits(old: float, new: float, y: int) -> None:
    d, q = paired_terms([old], [new], [y], "log", 0.01)
    a, b = np.clip([old, new], 0.01, 0.99)
    loss = [-np.log(p if y else 1 - p) for p in (b, a)]
    assert d[0] == pytest.approx(loss[0] - loss[1], abs=1e-12)
    assert q[0] == pytest.approx((np.log(b / (1 - b)) - np.log(a / (1 - a))) ** 2 / 4, abs=1e-12)


@given(unit, unit)
def test_brier_and_log_are_two_outcome_losses(old: float, new: float) -> None:
    for score in ("brier", "log"):
        d0, q = paired_terms([old], [new], [0], score)
        d1, _ = paired_terms([old], [new], [1], score)
        general, allowance = two_outcome_terms(d0, d1, [1])
        assert general[0] == d1[0]
        assert allowance[0] == pytest.approx(q[0], abs=1e-12)


@given(st.lists(unit, min_size=4, max_size=4), st.lists(unit, min_size=4, max_size=4))
def test_brier_over_classes_covers_its_own_range(old: list[float], new: list[float]) -> None:
    a, b = (np.array([p]) / max(sum(p), 1.0) for p in (old, new))
    d = [float(paired_terms(a, b, [k], "classes")[0][0]) for k in range(4)]
    want = [float(np.sum((b - np.eye(4)[k]) ** 2) - np.sum((a - np.eye(4)[k]) ** 2)) for k in range(4)]
    assert d == pytest.approx(want, abs=1e-12)
    assert float(paired_terms(a, b, [0], "classes")[1][0]) == pytest.approx((max(d) - min(d)) ** 2 / 4, abs=1e-12)


def test_two_classes_are_twice_the_brier_of_one() -> None:
    d, q = paired_terms([0.3], [0.8], [1])
    twice, four = paired_terms([[0.7, 0.3]], [[0.2, 0.8]], [1], "classes")
    assert twice[0] == pytest.approx(2 * d[0])
    assert four[0] == pytest.approx(4 * q[0])


@pytest.mark.parametrize("score", ["squared", "absolute"])
@given(old=unit, new=unit, y=unit)
def test_a_bounded_loss_stays_within_its_allowance(score: str, old: float, new: float, y: float) -> None:
    d, q = paired_terms([old], [new], [y], score)
    power = 2 if score == "squared" else 1
    assert d[0] == pytest.approx(abs(new - y) ** power - abs(old - y) ** power, abs=1e-12)
    ends = [paired_terms([old], [new], [end], score)[0][0] for end in (0.0, 1.0)]
    assert (max(ends) - min(ends)) ** 2 / 4 <= q[0] + 1e-12
    assert min(ends) - 1e-12 <= d[0] <= max(ends) + 1e-12


@pytest.mark.parametrize(
    ("old", "new", "y", "score", "field"),
    [
        ([0.5], [1.2], [1], "brier", "p_new"),
        ([float("nan")], [0.2], [1], "brier", "p_old"),
        ([0.5], [0.2], [2], "brier", "outcome"),
        ([0.5], [0.2], [0.5], "log", "outcome"),
        ([0.5], [0.2], [1.5], "squared", "outcome"),
        ([[0.5, 0.5]], [[0.5, 0.5]], [2], "classes", "outcome"),
        ([0.5, 0.5], [0.2], [1], "brier", "p_old, p_new, y"),
        ([0.5], [0.2], [1], "accuracy", "score"),
    ],
)
def test_what_cannot_be_scored_is_named(
    old: list[float], new: list[float], y: list[float], score: str, field: str
) -> None:
    with pytest.raises(BadInput) as refusal:
        paired_terms(old, new, y, score)
    assert refusal.value.field == field


def test_the_refusal_names_the_first_bad_row() -> None:
    with pytest.raises(BadInput, match="row 2 holds"):
        paired_terms([0.5] * 4, [0.5, 0.5, -0.1, 7.0], [0, 1, 0, 1])
