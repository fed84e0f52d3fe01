"""The detector after promotion: its recursion, its false alarms, and what it finds."""

from __future__ import annotations

import numpy as np
import pytest

from tasks.judgement.detector import ALARM, detector_path


def test_the_path_is_the_recursion_of_the_page() -> None:
    rng = np.random.default_rng(0)
    s, v = rng.normal(0, 1, 200), rng.uniform(0, 1, 200)
    logs, want = np.full(3, -np.inf), []
    for a, b in zip(s, v, strict=True):
        rate = np.array([0.25, 0.5, 1.0])
        logs = np.logaddexp(logs, 0.0) + rate * a - rate**2 * b / 2
        want.append(float(np.logaddexp.reduce(logs) - np.log(3)))
    assert detector_path(s, v).tolist() == pytest.approx(want, rel=1e-12)


def test_a_long_quiet_time_does_not_blunt_it() -> None:
    quiet = [-5.0] * 1000
    assert detector_path([*quiet, 3.0, 3.0, 3.0, 3.0], [1.0] * 1004)[-1] == pytest.approx(
        detector_path([3.0] * 4, [1.0] * 4)[-1], abs=0.1
    )


def test_false_alarms_stay_under_one_season_in_twenty() -> None:
    rng = np.random.default_rng(3)
    p, gap = 0.6, 0.1
    y = rng.random((2000, 164, 7)) < p
    s = (gap * (2 * p - 2 * y)).sum(axis=2)
    alarms = [detector_path(season, np.full(164, 7 * gap**2)).max() >= ALARM for season in s]
    assert np.mean(alarms) <= 164 / 3300 + 3 * np.sqrt(0.05 / 2000)


def test_a_champion_gone_wrong_is_found_within_weeks() -> None:
    rng = np.random.default_rng(4)
    s = rng.normal(0.0, 0.3, 100) + np.where(np.arange(100) < 40, 0.0, 0.5)
    night = int(np.argmax(detector_path(s, np.full(100, 0.1)) >= ALARM))
    assert 40 < night < 75


def test_no_nights_are_an_empty_path() -> None:
    assert detector_path([], []).tolist() == []
