"""Settings: flags over environment over defaults, and one sentence for what is wrong."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from blocks.serving.settings import Settings, read_settings

NEEDED = ["--model", "m", "--tracking-uri", "sqlite:///x.db"]


def test_a_flag_wins_over_the_environment_and_that_over_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAMENIGHT_PORT", "9001")
    monkeypatch.setenv("GAMENIGHT_POLL_S", "0.25")
    settings = read_settings([*NEEDED, "--port", "9002"])
    assert (settings.port, settings.poll_s, settings.host) == (9002, 0.25, "127.0.0.1")


@pytest.mark.parametrize(
    ("flags", "why"),
    [
        (NEEDED[:2], "--tracking-uri (or GAMENIGHT_TRACKING_URI)"),
        ([*NEEDED, "--port", "high"], "--port"),
        ([*NEEDED, "--journal-level", "hopeful"], "--journal-level"),
        ([*NEEDED, "--host", "0.0.0.0"], "GAMENIGHT_TOKEN"),
        ([*NEEDED, "--spool-max-mb", "0"], "--spool-max-mb"),
    ],
)
def test_a_wrong_setting_is_named_and_leaves_with_2(
    flags: list[str], why: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GAMENIGHT_TOKEN", raising=False)
    with pytest.raises(SystemExit) as left:
        read_settings(flags)
    assert left.value.code == 2
    assert why in capsys.readouterr().err


def test_a_token_is_no_flag_and_is_not_shown() -> None:
    with pytest.raises(SystemExit):
        read_settings([*NEEDED, "--token", "secret"])
    assert "secret" not in repr(Settings(model="m", tracking_uri="u", token="secret"))


def test_a_bind_that_others_can_reach_needs_a_token() -> None:
    assert not Settings(model="m", tracking_uri="u", host="0.0.0.0", token="t").is_loopback
    assert Settings(model="m", tracking_uri="u", host="::1").is_loopback


def test_threads_are_limited_before_numpy_loads() -> None:
    code = (
        "import sys; from blocks.serving.settings import prepare_environment; import blocks.serving.__main__\n"
        "assert 'numpy' not in sys.modules; prepare_environment('u'); import os; print(os.environ['OMP_NUM_THREADS'])"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
        env=os.environ | {"OMP_NUM_THREADS": "8"},
    )
    assert run.stdout.strip() == "1"
