"""The one place where an error becomes an exit status and a message."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Sequence
from typing import TypedDict

import click

from blocks.errors import BackendError, Unavailable
from deployments.command import output
from deployments.stack import environment
from tasks.rollout.refusal import BadInput

DONE = 0
NO = 1
BAD_INPUT = 2
UNREACHABLE = 3
BROKEN = 70
INTERRUPTED = 130


class Report(TypedDict):
    """An error as `--json` prints it, under the key `error`."""

    kind: str
    field: str | None
    message: str
    remedy: str | None


def status_of(run: Callable[[], object], words: Sequence[str]) -> int:
    """Return the exit status of a call, after telling the person what went wrong and what to do.

    A click command may also return its status: an integer is taken as it is, anything else is 0.
    """
    try:
        answer = run()
    except click.exceptions.Exit as left:
        return left.exit_code
    except (KeyboardInterrupt, click.Abort):
        output.say("gamenight: stopped by Ctrl-C.")
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the outermost frame: whatever it is, a person gets one message
        return _tell(error, words)
    return answer if isinstance(answer, int) else DONE


def _tell(error: Exception, words: Sequence[str]) -> int:
    status, report = describe(error)
    if isinstance(error, click.ClickException) and "--json" not in words:
        error.show()
    else:
        output.say(f"gamenight: {report['message']}")
    if "--debug" in words or environment.wants_debug():
        output.say("".join(traceback.format_exception(error)))
    if "--json" in words:
        output.emit({"error": report})
    return status


def describe(error: Exception) -> tuple[int, Report]:
    """Return the exit status of an error, and its field, message and remedy.

    >>> status, report = describe(BadInput("margin", "must be above 0; try 0.01"))
    >>> status, report["field"], report["message"]
    (2, 'margin', 'margin: must be above 0; try 0.01')
    """
    report = Report(kind=type(error).__name__, field=None, message=str(error), remedy=None)
    if isinstance(error, BadInput):
        return BAD_INPUT, {**report, "field": error.field}
    if isinstance(error, BackendError):
        return UNREACHABLE if isinstance(error, Unavailable) else BAD_INPUT, {**report, "remedy": error.remedy or None}
    if isinstance(error, click.ClickException):
        parameter = getattr(error, "param", None)
        return error.exit_code, {**report, "message": error.format_message(), "field": getattr(parameter, "name", None)}
    return _foreign(error, report)


def _foreign(error: Exception, report: Report) -> tuple[int, Report]:
    if _is_a(error, "pydantic", "ValidationError"):
        first = error.errors()[0]  # type: ignore[attr-defined] # checked by name: importing pydantic costs 0.1 s
        field = ".".join(str(part) for part in first["loc"])
        return BAD_INPUT, {**report, "field": field, "message": f"{field}: {first['msg']}"}
    if _is_a(error, "tasks.gates", "GateFailed"):
        return NO, {**report, "remedy": "Correct the data that the gate names, and run it again."}
    if _is_a(error, "httpx", "TransportError"):
        return UNREACHABLE, {**report, "message": f"a server did not answer: {error}"}
    remedy = "This is a fault of gamenight, not yours: run it again with --debug for the traceback."
    return BROKEN, {**report, "message": f"{type(error).__name__}: {error}\n{remedy}", "remedy": remedy}


def _is_a(error: Exception, module: str, name: str) -> bool:
    loaded = sys.modules.get(module)
    return loaded is not None and isinstance(error, getattr(loaded, name))
