"""Turn what a database driver says into the house's errors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError, StatementError, TimeoutError

from blocks.errors import BackendError, Conflict, Refused, Unavailable

_Meaning = tuple[type[BackendError], str, str]
"""The error's class, what the store does, and the remedy."""

_MIGRATE = "Run its migrations: Store.migrate(), which every start of the stack does too."

_BY_STATE: dict[str, _Meaning] = {  # PostgreSQL's SQLSTATE
    "42P01": (Refused, "has no such table", _MIGRATE),
    "42703": (Refused, "has no such column", _MIGRATE),
    "55P03": (Unavailable, "is locked by another writer", "Try again; pg_stat_activity names the holder."),
    "57014": (Unavailable, "cancelled the statement", "Try again, or allow it more time."),
    "40P01": (Unavailable, "broke a deadlock", "Try again."),
    "40001": (Unavailable, "could not serialise two writers", "Try again."),
    "53100": (Unavailable, "has no disk space left", "Free some, then try again."),
    "42501": (Refused, "does not allow it", "Give this user the right to read and write its tables."),
    "25006": (Refused, "is read-only", "Name the primary, or give this user the right to write."),
}

_BY_WORDS: tuple[tuple[str, _Meaning], ...] = (  # SQLite's messages
    ("is locked", (Unavailable, "is locked by another writer", "Try again; close whatever holds it open.")),
    ("no such table", (Refused, "has no such table", _MIGRATE)),
    ("no such column", (Refused, "has no such column", _MIGRATE)),
    ("has no column", (Refused, "has no such column", _MIGRATE)),
    ("unable to open", (Unavailable, "could not be opened", "Check that its folder exists and may be written.")),
    ("readonly", (Refused, "is read-only", "Allow this user to write the file and its folder.")),
    ("is full", (Unavailable, "has no disk space left", "Free some, then try again.")),
    ("disk i/o", (Unavailable, "could not be read or written", "Check the disk, then try again.")),
    ("not a database", (Refused, "is a file that is no database", "Name another file, or restore a copy.")),
    ("malformed", (Refused, "is damaged", "Restore a copy.")),
)


@contextmanager
def asking(engine: Engine, question: str) -> Iterator[None]:
    """Run a block against a store; whatever SQL raises in it leaves as one of ours, with the question and the store.

    Raises Unavailable where asking again may help, Conflict and Refused where it does not.
    """
    try:
        yield
    except SQLAlchemyError as error:
        raise translated(engine, question, error) from error


def translated(engine: Engine, question: str, error: SQLAlchemyError) -> BackendError:
    """Return our error for one of SQLAlchemy's; the store's address is shown without its password."""
    address = engine.url.render_as_string(hide_password=True)
    kind, what, remedy = _meaning(error)
    return kind(f"Could not {question}: the store at {address} {what} ({_first_line(error)}).", remedy)


def _meaning(error: SQLAlchemyError) -> _Meaning:
    if isinstance(error, TimeoutError):
        return Unavailable, "had no connection free in time", "Try again, or allow more connections."
    if isinstance(error, DBAPIError):
        return _known(error) or _by_kind(error)
    unbound = isinstance(error, StatementError)
    return Refused, "was given a value it cannot keep" if unbound else "did not accept the request", ""


def _known(error: DBAPIError) -> _Meaning | None:
    state = getattr(error.orig, "sqlstate", None)
    if state in _BY_STATE:
        return _BY_STATE[state]
    text = str(error.orig).lower()
    return next((meaning for words, meaning in _BY_WORDS if words in text), None)


def _by_kind(error: DBAPIError) -> _Meaning:
    if isinstance(error, IntegrityError):
        return _broken_rule(str(error.orig).lower())
    if error.connection_invalidated or type(error).__name__ in ("OperationalError", "InterfaceError"):
        return Unavailable, "did not answer", "Check that it runs and that the address is right, then try again."
    return Refused, "did not accept the request", ""


def _broken_rule(text: str) -> _Meaning:
    if "unique" in text or "duplicate key" in text:
        return Conflict, "has such a row from another writer", "Read again."
    return Refused, "keeps a rule that this breaks", "Change the row."


def _first_line(error: SQLAlchemyError) -> str:
    text = str(error.orig) if isinstance(error, StatementError) and error.orig is not None else str(error)
    return (text.strip().splitlines() or ["no message"])[0].rstrip(".")
