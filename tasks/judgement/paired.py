"""What one labelled unit says about two forecasters: the difference in loss, and how far it could have gone."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tasks.judgement.mixture import Array
from tasks.rollout.refusal import BadInput

SCORES = ("brier", "log", "classes", "squared", "absolute")


def two_outcome_terms(d_if_0: ArrayLike, d_if_1: ArrayLike, y: ArrayLike) -> tuple[Array, Array]:
    """Return (d, q) of any loss with two possible outcomes: q = (d(1) - d(0))^2 / 4, known before the outcome is."""
    no, yes = np.asarray(d_if_0, dtype=float), np.asarray(d_if_1, dtype=float)
    return np.where(np.asarray(y) == 1, yes, no), (yes - no) ** 2 / 4.0


def paired_terms(
    p_old: ArrayLike, p_new: ArrayLike, y: ArrayLike, score: str = "brier", clip: float = 0.01
) -> tuple[Array, Array]:
    """Return d = loss(new) - loss(old) per unit, and its variance allowance q, the squared half range of d.

    score: `brier` and `log` take p of shape (n,) and y in {0, 1} (log clips both forecasts to [clip, 1 - clip]);
    `classes` takes p of shape (n, k) and y the index of the class; `squared` and `absolute` take forecasts and
    outcomes in units of the outcome's range, so within [0, 1]. Raises BadInput naming the first unusable row.
    Source: Hoeffding's lemma with predictable ranges; Choe & Ramdas (2024).

    >>> d, q = paired_terms([0.5], [0.7], [1])
    >>> round(float(d[0]), 3), round(float(q[0]), 3)
    (-0.16, 0.04)
    """
    old, new, outcome = (np.asarray(x, dtype=float) for x in (p_old, p_new, y))
    if score not in SCORES:
        raise BadInput("score", f"there is no score {score!r}; use one of {', '.join(SCORES)}")
    _check(old, new, outcome, score)
    if score == "classes":
        return _classes(old, new, outcome.astype(int))
    if score == "log":
        return _log(np.clip(old, clip, 1 - clip), np.clip(new, clip, 1 - clip), outcome)
    gap = new - old
    if score == "absolute":
        return np.abs(new - outcome) - np.abs(old - outcome), gap**2
    return gap * (new + old - 2.0 * outcome), gap**2


def _log(old: Array, new: Array, y: Array) -> tuple[Array, Array]:
    return two_outcome_terms(np.log1p(-old) - np.log1p(-new), np.log(old) - np.log(new), y)


def _classes(old: Array, new: Array, y: NDArray[np.int_]) -> tuple[Array, Array]:
    """Brier over classes: d(k) = sum(new^2 - old^2) - 2 gap_k, so its half range is max gap - min gap."""
    gap = new - old
    common = np.sum(gap * (new + old), axis=1)
    return common - 2.0 * gap[np.arange(len(y)), y], np.ptp(gap, axis=1) ** 2


def _check(old: Array, new: Array, y: Array, score: str) -> None:
    if old.shape != new.shape or old.shape[:1] != y.shape or old.ndim != (2 if score == "classes" else 1):
        raise BadInput("p_old, p_new, y", f"shapes {old.shape}, {new.shape}, {y.shape} do not fit the score {score}")
    if score == "classes":
        good = (y >= 0) & (y < old.shape[1]) & (y == np.floor(y))
    else:
        good = (y >= 0) & (y <= 1) if score in ("squared", "absolute") else (y == 0) | (y == 1)
    _refuse("outcome", y, good, "an outcome of this score")
    for name, p in (("p_old", old), ("p_new", new)):
        _refuse(name, p, row_wise((p >= 0) & (p <= 1)), "within [0, 1]")


def _refuse(field: str, values: Array, good: NDArray[np.bool_], wanted: str) -> None:
    if not good.all():
        row = int(np.argmin(good))
        raise BadInput(field, f"row {row} holds {values[row]}, which is not {wanted}")


def row_wise(good: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which rows are good in every entry; a vector is its own answer."""
    return good if good.ndim == 1 else np.all(good, axis=1)
