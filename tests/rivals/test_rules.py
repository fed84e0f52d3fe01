"""The rules of other tools, held to what scipy and their own papers say."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from tasks.rivals.rules import RIVALS, mann_whitney, obrien_fleming, t_test, threshold
from tasks.rivals.season import Bounds, Season
from tasks.rollout.verdict import Verdict

BOUNDS = Bounds()


def season(seed: int = 0, games: int = 1230, noise: float = 0.04, bias: float = 0.0, a_night: int = 8) -> Season:
    rng = np.random.default_rng(seed)
    truth = rng.uniform(0.25, 0.75, games)
    old = np.clip(truth + rng.normal(0, 0.04, games), 0.01, 0.99)
    new = np.clip(truth + rng.normal(0, noise, games) + bias * rng.choice([-1, 1], games), 0.01, 0.99)
    y = rng.random(games) < truth
    return nightly((old - y) ** 2, (new - y) ** 2, a_night)


def nightly(old: np.ndarray, new: np.ndarray, a_night: int = 10) -> Season:
    d = new - old
    n = np.append(np.arange(a_night, len(d), a_night), len(d))
    return Season(n.astype(float), d.cumsum()[n - 1], (d**2).cumsum()[n - 1], old, new)


def test_the_daily_t_test_is_scipys_at_its_first_significant_night() -> None:
    games = season(7, bias=0.1)
    call = t_test(games, BOUNDS)
    assert call.night is not None
    d = games.new - games.old
    for k in range(call.night):
        so_far = d[: int(games.n[k])]
        worse = stats.ttest_1samp(so_far, 0.0, alternative="greater").pvalue <= BOUNDS.alpha
        fine = stats.ttest_1samp(so_far, BOUNDS.margin, alternative="less").pvalue <= BOUNDS.beta
        called = len(so_far) >= BOUNDS.min_units and bool(worse or fine)
        assert called == (k == call.night - 1)
        if called:
            assert call.verdict is (Verdict.FAIL if worse else Verdict.PASS)


def test_the_threshold_fails_on_the_fourth_night_above_the_margin() -> None:
    n = 300
    worse = nightly(np.full(n, 0.25), np.full(n, 0.49))
    assert threshold(worse, BOUNDS).night == 4
    alike = threshold(nightly(np.full(n, 0.25), np.full(n, 0.25)), BOUNDS)
    assert (alike.verdict, alike.night) == (Verdict.PASS, 20)


@pytest.mark.parametrize("seed", range(8))
def test_mann_whitney_is_scipys_on_the_losses(seed: int) -> None:
    games = season(seed, noise=0.25)
    call = mann_whitney(games, BOUNDS)
    for k in range(min(call.night or 20, 20)):
        old, new = (loss[: int(games.n[k])] for loss in (games.old, games.new))
        p = stats.mannwhitneyu(new, old, alternative="greater", method="asymptotic", use_continuity=False).pvalue
        assert (len(old) >= BOUNDS.min_units and p <= 0.01) == (call.verdict is Verdict.FAIL and k + 1 == call.night)


def test_obrien_fleming_holds_its_error_over_nightly_looks() -> None:
    rng = np.random.default_rng(1)
    d = rng.normal(0.0, 0.1, (1500, 600))
    harm_alone = Bounds(margin=10.0, beta=1e-300)
    found = (obrien_fleming(nightly(np.zeros(600), one, 6), harm_alone).verdict for one in d)
    share = float(np.mean([verdict is Verdict.FAIL for verdict in found]))
    assert 0.05 < share <= 0.10 + 3 * np.sqrt(0.09 / 1500)


@pytest.mark.parametrize("name", RIVALS)
def test_no_rule_calls_anything_after_n_max(name: str) -> None:
    call = RIVALS[name](season(4), Bounds(n_max=60))
    assert call.night is None or call.units < 60 + 8


@pytest.mark.parametrize("name", RIVALS)
def test_a_season_without_nights_is_waited_for(name: str) -> None:
    none = np.zeros(0)
    assert RIVALS[name](Season(none, none, none, none, none), BOUNDS).verdict is Verdict.WAIT
