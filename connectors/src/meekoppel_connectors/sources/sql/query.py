"""Tables, views and queries of a database: PostGIS, PostgreSQL, SQLite, and others by their SQLAlchemy address.

Without a cursor everything is read at every run, by a cursor on the server, so that size does not matter. With one,
only what changed is: in the order of time and id, from a little before where the last run ended (see `sql_cursor`).
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import shapely
from shapely.errors import ShapelyError
from sqlalchemy import Connection, text

from meekoppel_connectors.errors import SourceError
from meekoppel_connectors.mapping.row import SourceRow
from meekoppel_connectors.sources.cursor import TieSafe
from meekoppel_connectors.sources.source import Description, Reached, Source
from meekoppel_connectors.sources.sql.cursor import NoCursorValueError, asked, kept, looking_back
from meekoppel_connectors.sources.sql.database import Head, open_database, read_head, source_of_rows
from meekoppel_connectors.sources.sql.settings import CursorColumns, SqlSettings
from meekoppel_connectors.sources.sql.values import plain_values

PAGE = 1000
_GEOMETRY = "meekoppel_geometry"
_SRID = "meekoppel_srid"


class SqlSource(Source[SqlSettings]):
    """A table, view or query of a database."""

    settings_type = SqlSettings

    def describe(self, *, whole: bool = False) -> Description:
        """Give the columns and, of geometry in PostGIS, the CRS."""
        with open_database(self.settings) as connection:
            head = read_head(connection, self.settings)
            return Description(head.fields, fixed=not head.nested, crs=head.crs(self.settings.place))

    def is_followed(self) -> bool:
        """Tell whether a cursor is configured."""
        return self.settings.cursor is not None

    def snapshot(self) -> Iterator[SourceRow]:
        """Read every row, by the primary key where there is one; a query in its own order."""
        with open_database(self.settings) as connection:
            question = _Question(connection, self.settings, read_head(connection, self.settings))
            for number, values in enumerate(question.answers(order=question.head.key), start=1):
                yield self._row(question.head, values, number)

    def changes(self, since: str | None) -> Iterator[SourceRow | Reached]:
        """Read what changed, by time and id; rows without one of these come first, at every reading.

        Raises:
            SourceError: also when `source.cursor` is not given, or the cursor is of another source.
        """
        columns = self.settings.cursor
        if columns is None:
            raise SourceError(self.settings.place, "gives changes only with source.cursor: {time: …, id: …}")
        begin = self._begin(since)
        with open_database(self.settings) as connection:
            question = _Question(connection, self.settings, read_head(connection, self.settings))
            self._refuse_without(columns, question.head)
            yield from self._without_cursor(question, columns)
            yield from self._changed(question, columns, begin)

    def _changed(
        self, question: _Question, columns: CursorColumns, begin: TieSafe | None
    ) -> Iterator[SourceRow | Reached]:
        reached = begin
        where, values = question.after(columns, begin)
        rows = question.answers(where, values, order=(columns.time, columns.id))
        for number, row in enumerate(rows, start=1):
            yield self._row(question.head, row, number)
            position = self._position(row, columns)
            if reached is None or asked(position.time) >= asked(reached.time):  # the overlap lies before it
                reached = position
            if number % PAGE == 0:
                yield Reached(reached.to_cursor())
        yield Reached(reached.to_cursor() if reached else "")

    def _without_cursor(self, question: _Question, columns: CursorColumns) -> Iterator[SourceRow]:
        """Give the rows that no question by time and id would find; what is the same is found by its content."""
        time, id = question.quoted(columns.time), question.quoted(columns.id)
        for values in question.answers(f"({time} IS NULL OR {id} IS NULL)"):
            yield self._row(question.head, values, 0)

    def _row(self, head: Head, row: Mapping[str, Any], number: int) -> SourceRow:
        geometry, fault = _geometry(head, row)
        values = plain_values((name, row[name]) for name in head.fields)
        flag, cursor = self.settings.removed, self.settings.cursor
        if flag is not None and flag.field not in row:
            raise SourceError(self.settings.place, f"has no column {flag.field!r}, which source.removed names")
        changed = row[cursor.time] if cursor and cursor.time in row else None
        return SourceRow(
            values,
            geometry,
            number=number,
            fault=fault,
            occurred_at=changed if isinstance(changed, datetime) and changed.tzinfo else None,
            removed=flag is not None and flag.says_so(row[flag.field]),
        )

    def _begin(self, since: str | None) -> TieSafe | None:
        try:
            return TieSafe.from_cursor(since) if since else None
        except (ValueError, TypeError) as error:
            raise SourceError(
                self.settings.place, "the state holds the cursor of another source; use a state file of its own"
            ) from error

    def _position(self, row: Mapping[str, Any], columns: CursorColumns) -> TieSafe:
        try:
            return kept(row[columns.time], row[columns.id])
        except NoCursorValueError as error:
            raise SourceError(self.settings.place, f"source.cursor: {columns.time} or {columns.id} {error}") from error

    def _refuse_without(self, columns: CursorColumns, head: Head) -> None:
        for name in (columns.time, columns.id):
            if name not in head.fields:
                close = difflib.get_close_matches(name, head.fields, n=1)
                hint = f"; did you mean {close[0]!r}?" if close else f"; it has {', '.join(head.fields)}"
                raise SourceError(self.settings.place, f"has no column {name!r}, which source.cursor names{hint}")


@dataclass(frozen=True, slots=True)
class _Question:
    """Asks one database for rows of one table or query."""

    connection: Connection
    settings: SqlSettings
    head: Head

    def quoted(self, column: str) -> str:
        return f"q.{self.connection.dialect.identifier_preparer.quote_identifier(column)}"

    def after(self, columns: CursorColumns, begin: TieSafe | None) -> tuple[str, dict[str, Any]]:
        """Give the condition by which rows come after where the last reading ended, less the overlap."""
        time, id = self.quoted(columns.time), self.quoted(columns.id)
        if begin is None:
            return f"({time} IS NOT NULL AND {id} IS NOT NULL)", {}
        last = asked(begin.time)
        earlier = looking_back(last, columns.overlap_seconds)
        if (earlier is not None and earlier != last) or _is_day(last):
            return f"({time} >= :earlier AND {id} IS NOT NULL)", {"earlier": earlier}
        return f"({time} > :time OR ({time} = :time AND {id} > :id))", {"time": last, "id": asked(begin.id)}

    def answers(
        self, where: str = "", values: Mapping[str, Any] | None = None, order: tuple[str, ...] = ()
    ) -> Iterator[Mapping[str, Any]]:
        """Read rows as they come, a page in memory at a time."""
        rows = source_of_rows(self.connection, self.settings)
        words = [f"SELECT {self._columns()} FROM {rows}"]  # noqa: S608 - names are quoted, the query is the owner's
        words += [f"WHERE {where}"] if where else []
        words += [f"ORDER BY {', '.join(map(self.quoted, order))}"] if order else []
        streaming = {"stream_results": True, "yield_per": PAGE}
        with self.connection.execute(text(" ".join(words)), dict(values or {}), execution_options=streaming) as result:
            yield from map(dict, result.mappings())

    def _columns(self) -> str:
        head = self.head
        columns = [self.quoted(name) for name in head.fields]
        if head.geometry and head.postgis:
            shape = f"{self.quoted(head.geometry)}\\:\\:geometry"
            straight = f"CASE WHEN ST_HasArc({shape}) THEN ST_CurveToLine({shape}) ELSE {shape} END"
            columns += [f"ST_AsBinary({straight}) AS {_GEOMETRY}", f"ST_SRID({shape}) AS {_SRID}"]
        elif head.geometry:
            columns.append(f"{self.quoted(head.geometry)} AS {_GEOMETRY}")
        return ", ".join(columns)


def _is_day(time: Any) -> bool:
    return not isinstance(time, datetime) and hasattr(time, "year")


def _geometry(head: Head, row: Mapping[str, Any]) -> tuple[Any, str | None]:
    """Give the geometry of a row, or what is wrong with it."""
    if head.geometry is None or row[_GEOMETRY] is None:
        return None, None
    if head.postgis and (row[_SRID] or None) != head.srid:
        return (
            None,
            f"has geometry in SRID {row[_SRID]}, where the first has {head.srid or 0}; transform it in a query",
        )
    try:
        return shapely.from_wkb(bytes(row[_GEOMETRY])), None
    except (ShapelyError, TypeError, ValueError) as error:
        return None, f"has a geometry in {head.geometry} that cannot be read: {error}"
