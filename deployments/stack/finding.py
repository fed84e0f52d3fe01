"""What the doctor finds: one line about one thing, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Condition(StrEnum):
    """How a thing stands, best first."""

    FINE = "fine"
    NOTE = "note"
    WRONG = "wrong"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True)
class Finding:
    """Say how one thing stands; `remedy` is what to do, empty where nothing is to be done."""

    subject: str
    condition: Condition
    says: str
    remedy: str = ""


def fine(subject: str, says: str) -> Finding:
    """Return the finding that a thing is as it should be."""
    return Finding(subject, Condition.FINE, says)


def note(subject: str, says: str, remedy: str = "") -> Finding:
    """Return a finding that a person should know and that stops nothing."""
    return Finding(subject, Condition.NOTE, says, remedy)


def wrong(subject: str, says: str, remedy: str) -> Finding:
    """Return the finding that a thing must be put right."""
    return Finding(subject, Condition.WRONG, says, remedy)


def unreachable(subject: str, says: str, remedy: str) -> Finding:
    """Return the finding that a thing which should answer does not."""
    return Finding(subject, Condition.UNREACHABLE, says, remedy)
