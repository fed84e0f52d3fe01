"""The errors of the systems, drawn as a tree.

BackendError
├── Unavailable   the question could not be asked: worth a retry
├── NotFound      the question was asked, and the thing is not there
├── Conflict      somebody else was first: read again
└── Refused       the system, or we, will not do it: change the request
"""

from __future__ import annotations


class BackendError(Exception):
    """Say what was asked, of whom and what stands now; `remedy` says what to do."""

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(f"{message} {remedy}".strip())
        self.message = message
        self.remedy = remedy


class Unavailable(BackendError):
    """The system did not answer, so the question is still open."""


class NotFound(BackendError):
    """The system answered that there is no such thing."""


class Conflict(BackendError):
    """Another writer was first; nothing of ours was written."""


class Refused(BackendError):
    """The request breaks a rule that a retry does not change."""
