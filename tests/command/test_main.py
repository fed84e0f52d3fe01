"""The command itself: quick to start, one message for every error, one JSON object where it is asked for."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from deployments.command import exits
from deployments.command.verbs import SECTIONS, VERBS

ROOT = Path(__file__).resolve().parents[2]
HEAVY = ("prefect", "mlflow", "pandas", "numpy", "sqlalchemy", "great_expectations", "pydantic", "httpx")


def _gamenight(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = Path(sys.executable).parent / "gamenight"
    surroundings = {**os.environ, **environment}
    return subprocess.run([command, *words], capture_output=True, text=True, check=False, env=surroundings)


def test_help_lists_every_verb_in_under_half_a_second() -> None:
    seconds = []
    for _ in range(3):
        started = time.perf_counter()
        shown = _gamenight("--help")
        seconds.append(time.perf_counter() - started)
    assert shown.returncode == 0
    assert all(f"\n  {verb} " in shown.stdout for verb in VERBS)
    assert "Example:" in shown.stdout
    assert min(seconds) < 0.5


def test_the_command_imports_nothing_heavy() -> None:
    code = f"import sys, deployments.command.main; print([name for name in {HEAVY!r} if name in sys.modules])"
    seen = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert seen.stdout.strip() == "[]"


@pytest.mark.parametrize("verb", VERBS)
def test_the_help_of_every_verb_has_an_example_and_the_standard_options(verb: str) -> None:
    shown = _gamenight(verb, "--help")
    assert shown.returncode == 0, shown.stderr
    assert f"gamenight {verb}" in shown.stdout.split("Example", 1)[1]
    if "COMMAND [ARGS]" not in shown.stdout:
        assert "--home" in shown.stdout
        assert "--json" in shown.stdout


def test_the_table_holds_only_verbs_that_exist() -> None:
    folder = ROOT / "deployments" / "command"
    assert {verb.module for verb in VERBS.values()} <= {path.stem for path in folder.glob("*.py")}
    assert {verb.section for verb in VERBS.values()} <= set(SECTIONS)


def test_the_version_is_the_distributions() -> None:
    from importlib.metadata import version

    assert _gamenight("--version").stdout.strip() == f"gamenight, version {version('gamenight')}"


def test_an_unknown_verb_is_answered_with_the_nearest() -> None:
    refused = _gamenight("dwn")
    assert refused.returncode == exits.BAD_INPUT
    assert "No such verb 'dwn'. Did you mean 'down'?" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_an_unknown_option_is_bad_input(tmp_path: Path) -> None:
    refused = _gamenight("down", "--home", str(tmp_path), "--forcefully")
    assert refused.returncode == exits.BAD_INPUT
    assert "--forcefully" in refused.stderr


def test_a_bad_home_is_named_with_its_remedy_and_nothing_is_left(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    refused = _gamenight("up", "--home", str(tmp_path / "file" / "inside"))
    assert refused.returncode == exits.BAD_INPUT
    assert "home: cannot write in" in refused.stderr
    assert "name a folder of yours" in refused.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_an_error_under_json_is_one_object_on_stdout(tmp_path: Path) -> None:
    refused = _gamenight("up", "--json", "--home", str(tmp_path / "what?"))
    assert refused.returncode == exits.BAD_INPUT
    error = json.loads(refused.stdout)["error"]
    assert (error["kind"], error["field"]) == ("BadInput", "home")
    assert error["message"] in refused.stderr


@pytest.mark.parametrize("asked", ["--debug", "GAMENIGHT_DEBUG"])
def test_a_traceback_is_shown_to_those_who_ask(tmp_path: Path, asked: str) -> None:
    words = ["up", "--home", str(tmp_path / "what?")]
    shown = _gamenight(*words, asked) if asked.startswith("-") else _gamenight(*words, **{asked: "1"})
    assert shown.returncode == exits.BAD_INPUT
    assert "Traceback" in shown.stderr


def test_down_without_a_stack_says_so_and_is_done(tmp_path: Path) -> None:
    done = _gamenight("down", "--json", "--home", str(tmp_path / "none"))
    assert done.returncode == exits.DONE
    assert json.loads(done.stdout) == {"home": str(tmp_path / "none"), "stopped": False, "pid": None}
    assert not (tmp_path / "none").exists()


def test_the_doctor_finds_this_environment_sound(tmp_path: Path) -> None:
    asked = _gamenight("doctor", "--json", "--home", str(tmp_path / "none"))
    answer = json.loads(asked.stdout)
    assert answer["healthy"], answer
    assert asked.returncode == exits.DONE
    assert {"python", "packages", "environment", "home", "store", "stack"} <= {
        one["subject"] for one in answer["findings"]
    }


def test_the_doctor_names_settings_of_another_prefect(tmp_path: Path) -> None:
    asked = _gamenight("doctor", "--home", str(tmp_path / "none"), PREFECT_API_URL="http://elsewhere/api")
    assert asked.returncode == exits.DONE
    assert "PREFECT_API_URL=http://elsewhere/api" in asked.stdout
