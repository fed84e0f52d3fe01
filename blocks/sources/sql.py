"""Games in a database: a table of games, and a table of results that may come later."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from blocks.errors import Refused, Unavailable
from blocks.sources.columns import games_of, known_at
from blocks.sources.eastern import calendar_date, night_of
from blocks.sources.reading import Table, with_text
from blocks.sources.source import GameSource
from blocks.sources.timeline import Timeline

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    import pandas as pd
    import sqlalchemy as sa

RESULT = ("home_pts", "away_pts", "status", "known_at")


class SqlSource(GameSource):
    """Read games from any database that SQLAlchemy knows.

    The games table has `game_id, season, date, home, away` and, if there are any, the optional columns of the games
    frame; the results table `game_id, home_pts, away_pts` and, if there are any, `status` and `known_at`. A game may
    have several rows in both: the one known last stands. With `results=None` the scores are in the games table itself.
    """

    def __init__(self, url: str, *, games: str = "games", results: str | None = "results") -> None:
        import sqlalchemy as sa

        try:
            self._engine = sa.create_engine(url, pool_pre_ping=True)
        except (sa.exc.ArgumentError, sa.exc.NoSuchModuleError, ModuleNotFoundError) as fault:
            raise Refused(
                f"the database of games cannot be opened: {fault}.", "Give a URL of SQLAlchemy's form."
            ) from fault
        self._games = games
        self._results = results

    def slate(self, date: str, now: datetime) -> pd.DataFrame:
        """Return the games of a date as they stood at `now`."""
        return self._of_date(calendar_date(date)).slate(date, now)

    def results(self, date: str, now: datetime) -> pd.DataFrame:
        """Return what had become of the games of a date by `now`."""
        return self._of_date(calendar_date(date)).results(date, now)

    def history(self, until: datetime, seasons: int | None = None) -> pd.DataFrame:
        """Return the final games known at `until`, in the order of play."""
        import sqlalchemy as sa

        with self._asked() as connection:
            games = self._table(connection, self._games)
            past = games.c.date <= _bound(games, night_of(until))
            if seasons is not None:
                newest = connection.execute(sa.select(sa.func.max(games.c.season)).where(past)).scalar()
                past &= games.c.season >= (newest or 0) - seasons
            return self._timeline(connection, games, past).history(until, seasons)

    def covers(self, date: str) -> bool:
        """Return whether the date lies between the first and the last game of the table."""
        import sqlalchemy as sa

        with self._asked() as connection:
            games = self._table(connection, self._games)
            first, last = connection.execute(sa.select(sa.func.min(games.c.date), sa.func.max(games.c.date))).one()
        return first is not None and str(first)[:10] <= calendar_date(date) <= str(last)[:10]

    def _of_date(self, date: str) -> Timeline:
        import sqlalchemy as sa

        with self._asked() as connection:
            games = self._table(connection, self._games)
            ever = sa.select(games.c.game_id).where(games.c.date == _bound(games, date))
            return self._timeline(connection, games, games.c.game_id.in_(ever))

    def _timeline(self, connection: sa.Connection, games: sa.Table, which: sa.ColumnElement[bool]) -> Timeline:
        import sqlalchemy as sa

        said = self._read(
            connection, sa.select(games).where(which).order_by(games.c.date, games.c.game_id), self._games
        )
        if self._results is not None:
            results = self._table(connection, self._results)
            chosen = sa.select(results).where(results.c.game_id.in_(sa.select(games.c.game_id).where(which)))
            said = Table(said.path, _joined(said, self._read(connection, chosen, self._results)), None)
        return Timeline(games_of(said))

    def _read(self, connection: sa.Connection, query: sa.Select[tuple[object, ...]], name: str) -> Table:
        import pandas as pd

        answer = connection.execute(query)
        rows = pd.DataFrame(answer.fetchall(), columns=list(answer.keys()))
        return Table(f"{self._engine.url!r}, table {name}", with_text(rows), None)

    def _table(self, connection: sa.Connection, name: str) -> sa.Table:
        import sqlalchemy as sa

        try:
            table = sa.Table(name, sa.MetaData(), autoload_with=connection)
        except sa.exc.NoSuchTableError as fault:
            raise Refused(
                f"{self._engine.url!r} has no table {name}.", "Name the tables of games and results."
            ) from fault
        needed = ("game_id", "season", "date") if name == self._games else ("game_id", "home_pts", "away_pts")
        missing = [column for column in needed if column not in table.c]
        if missing:
            raise Refused(
                f"{self._engine.url!r}, table {name}: has no column {', '.join(missing)}.", "Add it or a view."
            )
        return table

    @contextmanager
    def _asked(self) -> Iterator[sa.Connection]:
        import sqlalchemy as sa

        try:
            with self._engine.connect() as connection:
                yield connection
        except (sa.exc.OperationalError, sa.exc.InterfaceError, sa.exc.TimeoutError) as fault:
            raise Unavailable(
                f"{self._engine.url!r} did not answer for games: {fault}.", "See that it runs."
            ) from fault
        except sa.exc.DBAPIError as fault:
            raise Refused(
                f"{self._engine.url!r} would not answer for games: {fault}.", "See the table's columns."
            ) from fault


def _bound(games: sa.Table, date: str) -> object:
    """Return a date as the column holds it: text or a date."""
    from datetime import date as calendar

    import sqlalchemy as sa

    return calendar.fromisoformat(date) if isinstance(games.c.date.type, sa.Date) else date


def _joined(games: Table, results: Table) -> pd.DataFrame:
    """Return every word on the games: first those of the schedule, then each result with its game's columns."""
    import pandas as pd

    blank = [name for name in RESULT if name not in games.frame.columns]
    schedule = games.frame.reindex(columns=[*games.frame.columns, *blank]).assign(known_at=known_at(games))
    newest = schedule.sort_values("known_at", kind="stable", na_position="first").drop_duplicates(
        "game_id", keep="last"
    )
    ended = results.frame.assign(known_at=known_at(results))
    words = newest.drop(columns=["home_pts", "away_pts", "status"]).merge(ended, on="game_id", suffixes=("_game", ""))
    words["known_at"] = words[["known_at", "known_at_game"]].max(axis=1)
    return pd.concat([schedule, words.reindex(columns=schedule.columns)], ignore_index=True)
