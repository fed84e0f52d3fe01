"""Progress on stderr, the answer on stdout."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from deployments.command import output
from tasks.rollout.verdict import Verdict


def test_under_json_only_the_object_reaches_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    with output.reserved_for_json(True):
        sys.stdout.write("a library prints this\n")
        output.say("progress")
        output.emit({"verdict": "PASS"})
    said = capsys.readouterr()
    assert json.loads(said.out) == {"verdict": "PASS"}
    assert said.err == "a library prints this\nprogress\n"


def test_without_json_an_answer_is_text_on_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    with output.reserved_for_json(False):
        output.tell("nba-win: version 7 serves")
    assert capsys.readouterr().out == "nba-win: version 7 serves\n"


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (float("nan"), None),
        (float("-inf"), None),
        (np.float64(0.5), 0.5),
        (np.int64(3), 3),
        (np.bool_(True), True),
        (np.array([[1.0, np.nan]]), [[1.0, None]]),
        (np.array([7]), [7]),
        (Verdict.PASS, "PASS"),
        (Path("/tmp/home"), "/tmp/home"),
        (datetime(2024, 4, 2, 23, tzinfo=UTC), "2024-04-02T23:00:00+00:00"),
        ({7: ("a", {1})}, {"7": ["a", [1]]}),
        (None, None),
    ],
    ids=str,
)
def test_what_json_does_not_know_is_written_plainly(value: object, written: object) -> None:
    assert json.loads(json.dumps(output.plain(value), allow_nan=False)) == written
