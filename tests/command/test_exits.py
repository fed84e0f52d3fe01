"""Which error is which exit status."""

from __future__ import annotations

import click
import httpx
import pytest
from pydantic import BaseModel, Field, ValidationError

from blocks.errors import BackendError, Conflict, NotFound, Refused, Unavailable
from deployments.command import exits
from tasks.rollout.refusal import BadInput


class Night(BaseModel):
    """A model of one field, to be wrong about."""

    games: int = Field(ge=1)


def _wrong_model() -> ValidationError:
    try:
        Night(games=0)
    except ValidationError as error:
        return error
    raise AssertionError("0 games passed")


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (BadInput("margin", "must be above 0; try 0.01"), 2),
        (Refused("Version 7 is quarantined.", "Register a corrected version."), 2),
        (NotFound("There is no model nba-win.", "Release one."), 2),
        (Conflict("Another tick was first.", "Look again."), 2),
        (Unavailable("MLflow at http://127.0.0.1:5000 did not answer.", "gamenight doctor"), 3),
        (httpx.ConnectError("connection refused"), 3),
        (click.UsageError("no such option"), 2),
        (_wrong_model(), 2),
        (ZeroDivisionError("division by zero"), 70),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else str(value),
)
def test_an_error_has_its_status_and_one_message(
    error: Exception, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails() -> None:
        raise error

    assert exits.status_of(fails, []) == status
    said = capsys.readouterr()
    assert said.out == ""
    assert "Traceback" not in said.err
    assert len(said.err.strip()) > 0


def test_the_field_and_the_remedy_are_told_apart() -> None:
    assert exits.describe(BadInput("margin", "must be above 0"))[1]["field"] == "margin"
    assert exits.describe(_wrong_model())[1]["field"] == "games"
    assert exits.describe(BackendError("It is so.", "Do this."))[1]["remedy"] == "Do this."


@pytest.mark.parametrize(("answer", "status"), [(None, 0), (0, 0), (1, 1), ("text", 0)])
def test_an_answer_that_is_a_number_is_the_status(answer: object, status: int) -> None:
    assert exits.status_of(lambda: answer, []) == status


def test_ctrl_c_is_130_without_a_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    assert exits.status_of(interrupted, []) == exits.INTERRUPTED
    assert capsys.readouterr().err == "gamenight: stopped by Ctrl-C.\n"
