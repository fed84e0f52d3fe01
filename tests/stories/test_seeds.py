"""The verdicts follow from the games and the rules: other seeds, and the same world without the defect."""

from __future__ import annotations

import multiprocessing
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest
from scipy.stats import binom

from tests.stories.seasons import Ending, Told, tell

ALPHA = 0.10
PROCESSES = 2
Record = Callable[[str, object], None]


@pytest.mark.slow
@pytest.mark.long
def test_the_second_challenger_is_rolled_back_with_the_defect_and_promoted_without(tmp_path: Path) -> None:
    told = _tell([3], tmp_path)
    _defects_are_caught(told)
    assert [(one.honest.stage, one.second.stage) for one in told] == [("PROMOTED", "PROMOTED")]


@pytest.mark.slow
@pytest.mark.whole
def test_over_twenty_seeds_the_verdicts_follow_the_defect(tmp_path: Path, record_testsuite_property: Record) -> None:
    told = _tell(range(20), tmp_path)
    honest = [one.honest for one in told] + [one.second for one in told]
    stages = Counter(one.stage for one in honest)
    record_testsuite_property("honest", dict(stages))
    record_testsuite_property("faulty", dict(Counter(one.faulty.reason for one in told)))
    record_testsuite_property("told", [str(one) for one in told])
    _defects_are_caught(told)
    harmed = [one for one in honest if one.stage == "ROLLED_BACK" and one.reason == "failed"]
    assert len(harmed) <= binom.ppf(0.999, len(honest), ALPHA)
    assert stages["PROMOTED"] >= 0.85 * len(honest), stages


def _tell(seeds: Sequence[int], folder: Path) -> list[Told]:
    fresh = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(PROCESSES, mp_context=fresh, max_tasks_per_child=1) as pool:
        return list(pool.map(tell, seeds, [folder / str(seed) for seed in seeds]))


def _defects_are_caught(told: Sequence[Told]) -> None:
    for one in told:
        assert one.faulty.stage == "ROLLED_BACK", one
        # the guard needs no results, and is nearly always first; where it is not, the results are
        assert one.faulty.held == "guard" or one.faulty.reason == "failed", one
        assert _few(one.faulty), one
    assert sum(one.faulty.held == "guard" for one in told) >= 0.85 * len(told)


def _few(ending: Ending) -> bool:
    return ending.served <= 2
