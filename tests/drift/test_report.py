"""The report: exact fields, and every trap that today's tools fall into."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from tasks.drift.profile import Profile, profile
from tasks.drift.report import STATISTICS, ColumnReport, Report, compare
from tasks.drift.settings import Settings
from tasks.rollout.refusal import BadInput

RNG = np.random.default_rng(11)
CLEAN = RNG.normal(size=2_000)
CALM = RNG.normal(size=500)


def against(reference: object, current: object, settings: Settings | None = None) -> ColumnReport:
    report = compare(profile(pd.DataFrame({"x": reference})), pd.DataFrame({"x": current}), settings)
    return report.columns["x"]


def test_a_column_has_exactly_the_published_fields() -> None:
    found = against(CLEAN, CALM).to_dict()
    assert set(found) == {"kind", *STATISTICS, "missing", "drift", "why"}
    assert found["missing"] == {"reference": 0.0, "current": 0.0, "p": None}


def test_the_report_is_strict_json() -> None:
    report = compare(profile(pd.DataFrame({"x": CLEAN, "k": ["a"] * 2000})), pd.DataFrame({"x": [np.inf] * 40}))
    again = json.loads(json.dumps(report.to_dict(), allow_nan=False))
    assert set(again) == {"rows", "columns", "drifted"}
    assert again["rows"] == {"reference": 2000, "current": 40}


def test_numbers_are_what_the_definitions_say() -> None:
    found = against(CLEAN, CALM + 0.1).measured
    current = CALM + 0.1
    edges = np.quantile(CLEAN, np.arange(1, 10) / 10)
    bins = [np.bincount(np.searchsorted(edges, side, side="right"), minlength=10) for side in (CLEAN, current)]
    p, q = ((counts + 0.5) / (counts + 0.5).sum() for counts in bins)
    assert found.psi == pytest.approx(float(((q - p) * np.log(q / p)).sum()))
    assert found.kl_current_reference == pytest.approx(float((q * np.log(q / p)).sum()))
    scipys = stats.ks_2samp(CLEAN, current)
    assert (found.ks, found.ks_p) == pytest.approx((scipys.statistic, scipys.pvalue))
    assert found.wasserstein == pytest.approx(stats.wasserstein_distance(CLEAN, current))
    assert found.psi_critical == pytest.approx(stats.chi2.ppf(0.95, 9) * (1 / 2000 + 1 / 500))


def test_a_significant_shift_without_an_effect_is_no_drift() -> None:
    rng = np.random.default_rng(0)
    found = against(rng.normal(size=200_000), rng.normal(0.02, 1, size=200_000))
    assert found.measured.ks_p is not None
    assert found.measured.ks_p < 1e-4
    assert not found.drift
    assert found.why.startswith("no drift: KS distance")


def test_an_effect_that_chance_explains_is_no_drift() -> None:
    found = against(CLEAN, np.quantile(CLEAN, np.linspace(0.0, 0.85, 40)))
    assert found.measured.ks is not None
    assert found.measured.ks > 0.1
    assert not found.drift


def test_a_shift_of_one_sd_is_drift_and_one_huge_value_hides_nothing() -> None:
    current = CALM + 1.0
    current[0] = 1e9
    found = against(CLEAN, current)
    assert found.drift
    assert found.measured.psi is not None
    assert found.measured.psi > 0.5
    assert "KS distance" in found.why


def test_fifty_stable_columns_rarely_alarm() -> None:
    rng = np.random.default_rng(5)
    settings, alarms = Settings(ks_effect=0.0, psi_effect=0.0), 0
    for _ in range(40):
        reference = profile(pd.DataFrame(rng.normal(size=(100, 50)), columns=[f"c{k}" for k in range(50)]))
        current = pd.DataFrame(rng.normal(size=(100, 50)), columns=[f"c{k}" for k in range(50)])
        alarms += bool(compare(reference, current, settings).drifted)
    assert alarms <= 6


def test_looks_share_the_rate() -> None:
    current = CALM[:200] + 0.24
    assert against(CLEAN, current).drift
    assert not against(CLEAN, current, Settings(looks=10_000)).drift


@pytest.mark.parametrize("share", [0.0, 0.01])
def test_a_neutral_block_drifts_and_a_plain_week_does_not(share: float) -> None:
    rng = np.random.default_rng(2)
    reference = (np.arange(3690) < share * 3690).astype(float)
    block = against(reference, np.ones(90), Settings(looks=164))
    assert block.kind == "discrete"
    assert block.drift
    plain = (rng.random(50) < share).astype(float)
    assert not against(reference, plain, Settings(looks=164)).drift


def test_a_binary_column_of_a_tenth_alarms_as_stated_and_not_never() -> None:
    rng = np.random.default_rng(4)
    settings = Settings(psi_effect=0.0)
    found = [against(rng.random(500) < 0.1, rng.random(500) < 0.1, settings).measured.chi2_p or 0 for _ in range(400)]
    assert 0.02 < np.mean(np.array(found) < 0.05) < 0.08


def test_at_most_thirty_values_together_are_discrete_and_one_more_is_numeric() -> None:
    assert against(np.repeat(np.arange(29.0), 10), [99.0] * 40).kind == "discrete"
    numeric = against(np.repeat(np.arange(30.0), 10), [99.0] * 40)
    assert (numeric.kind, numeric.measured.ks) == ("numeric", 1.0)
    assert against(np.repeat(np.arange(29.0), 10), [99.0] * 40).measured.ks is None


def test_a_spike_that_grows_is_seen_beside_a_quiet_rest() -> None:
    rng = np.random.default_rng(8)
    reference = np.where(rng.random(4000) < 0.3, 0.0, rng.gamma(2.0, size=4000))
    current = np.where(rng.random(800) < 0.45, 0.0, rng.gamma(2.0, size=800))
    found = against(reference, current)
    assert found.drift
    assert found.measured.chi2_p is not None
    assert found.measured.chi2_p < 1e-9


def test_a_change_beside_a_large_spike_is_seen() -> None:
    rng = np.random.default_rng(8)
    reference = np.where(rng.random(4000) < 0.8, 0.0, rng.normal(5, 1, size=4000))
    current = np.where(rng.random(1000) < 0.8, 0.0, rng.normal(5.6, 1, size=1000))
    found = against(reference, current)
    assert found.measured.ks is not None
    assert found.measured.ks < 0.1
    assert "beside single values" in found.why
    assert found.drift


def test_duplicate_edges_are_merged() -> None:
    rng = np.random.default_rng(9)
    reference = np.concatenate([np.zeros(900), rng.random(100)])
    assert against(reference, np.concatenate([np.zeros(90), rng.random(10)])).drift is False


def test_a_constant_column_is_constant_and_a_new_constant_drifts() -> None:
    same = against([3.0] * 100, [3.0] * 50)
    assert (same.kind, same.drift, same.measured.psi) == ("constant", False, 0.0)
    moved = against([3.0] * 100, [4.0] * 50)
    assert (moved.kind, moved.drift) == ("discrete", True)


@pytest.mark.parametrize("missing", [np.nan, None])
def test_missing_values_are_a_statistic_of_their_own(missing: float | None) -> None:
    current = [missing if k % 2 else value for k, value in enumerate(CALM)]
    found = against(CLEAN, current)
    assert found.drift
    assert "missing share 0.5" in found.why
    assert found.measured.missing is not None
    assert found.measured.missing.current == 0.5


def test_a_column_that_is_all_missing_is_not_computed_and_not_passed() -> None:
    found = against(CLEAN, [np.nan] * 100)
    assert (found.kind, found.drift, found.measured.ks) == ("uncomputed", True, None)
    assert "not computed: every value is missing in the current window" in found.why


def test_all_missing_in_both_is_not_computed() -> None:
    found = against([None] * 100, [None] * 100)
    assert (found.kind, found.drift) == ("uncomputed", False)


def test_a_window_under_min_rows_waits_and_says_so() -> None:
    found = against(CLEAN, CALM[:29] + 9)
    assert (found.kind, found.drift, found.measured.psi) == ("uncomputed", False, None)
    assert "29 values in the current window, at least 30 are needed (min_rows)" in found.why


def test_the_declared_statistic_decides() -> None:
    rng = np.random.default_rng(12)
    reference, current = rng.normal(size=4000), rng.normal(size=2000) * 1.3
    assert not against(reference, current, Settings(ks_effect=0.3)).drift
    assert against(reference, current, Settings(statistic={"default": "ks", "x": "psi"}, psi_effect=0.05)).drift


def test_an_unknown_statistic_is_refused_by_name() -> None:
    with pytest.raises(BadInput, match=r"drift\.statistic\.x"):
        Settings(statistic={"x": "mmd"})


def test_two_columns_of_one_name_are_refused() -> None:
    twice = pd.DataFrame(np.zeros((3, 2)), columns=["x", "x"])
    with pytest.raises(BadInput, match="two columns"):
        profile(twice)
    with pytest.raises(BadInput, match="one name"):
        compare(profile(pd.DataFrame({"x": [1.0]})), twice)


def test_threads_change_nothing() -> None:
    rng = np.random.default_rng(3)
    frames = [pd.DataFrame(rng.normal(size=(60_000, 5)), columns=list("abcde")) for _ in range(2)]
    reports = [compare(profile(frames[0], n), frames[1], Settings(threads=n)).to_dict() for n in (1, 2)]
    assert reports[0] == reports[1]


def test_the_order_of_rows_changes_nothing() -> None:
    mixed = np.random.default_rng(0).permutation(CALM)
    assert against(CLEAN, mixed).to_dict() == against(CLEAN, CALM).to_dict()


def test_an_empty_window_is_a_report_that_computes_nothing() -> None:
    report: Report = compare(profile(pd.DataFrame({"x": CLEAN})), pd.DataFrame({"x": []}))
    assert report.columns["x"].kind == "uncomputed"
    assert report.drifted == ()


def test_a_profile_is_not_changed_by_a_comparison() -> None:
    made: Profile = profile(pd.DataFrame({"x": CLEAN}))
    before = json.dumps(made.to_dict())
    compare(made, pd.DataFrame({"x": CALM}))
    assert json.dumps(made.to_dict()) == before
