"""Opening a database to read only, and finding out what a table or query gives.

PostgreSQL is read in one REPEATABLE READ transaction that is read only: everything that one reading gives is of one
moment. SQLite is opened read only. Other databases are read at their own level of isolation.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pyproj import CRS
from pyproj.exceptions import CRSError
from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.exc import DBAPIError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from meekoppel_connectors.errors import SourceError
from meekoppel_connectors.secrets import read_secret
from meekoppel_connectors.sources.sql.failures import failure_of, missing_table
from meekoppel_connectors.sources.sql.settings import SqlSettings

CONNECT_SECONDS = 10
_STAYS_IN_TOUCH = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3, "tcp_user_timeout": 60_000}
_NESTED_TYPES = frozenset({114, 3802, 3904, 3906, 3908, 3910, 3912, 3926})
"""json, jsonb and the ranges, by pg_type.oid; they become several fields."""
INSTALL = {"psycopg": "meekoppel-connectors[sql]", "pyodbc": "pyodbc", "oracledb": "oracledb"}


@dataclass(frozen=True, slots=True)
class Head:
    """What a table or query gives.

    Attributes:
        fields: its columns, in order, without that of its geometry.
        geometry: the column with geometry; None when it has none.
        postgis: whether PostGIS holds that geometry; else the column has WKB.
        srid: of the first geometry in PostGIS, else as the column was declared; None when nothing names one.
        nested: whether columns hold JSON or ranges, so that a row has other fields than these.
        key: the columns of the primary key; empty for a view or query.
    """

    fields: tuple[str, ...]
    geometry: str | None = None
    postgis: bool = False
    srid: int | None = None
    nested: bool = False
    key: tuple[str, ...] = ()

    def crs(self, place: str) -> CRS | None:
        """Give the CRS of the geometry.

        Raises:
            SourceError: when the database names one that is not known.
        """
        if self.srid is None:
            return None
        try:
            return CRS.from_epsg(self.srid)
        except CRSError:
            raise SourceError(place, f"names SRID {self.srid}, which is no EPSG number; set source.crs") from None


@contextmanager
def open_database(settings: SqlSettings) -> Iterator[Connection]:
    """Connect, to read only; whatever the database then says is one of our errors.

    Raises:
        SourceError: when it cannot be read as the configuration says.
        SourceAway: when it does not answer.
        Fatal: when the environment variable with the password is not set.
    """
    try:
        engine = _engine(settings)
        with engine.connect() as connection:
            yield _reading_only(connection)
    except SQLAlchemyError as error:
        raise failure_of(error, settings.place) from error


def read_head(connection: Connection, settings: SqlSettings) -> Head:
    """Find out what the table or query gives, without reading its rows.

    Raises:
        SourceError: when there is no such table or column, or two columns have one name.
    """
    columns = _columns(connection, settings)
    doubles = [name for name, count in Counter(name for name, _ in columns).items() if count > 1]
    if doubles:
        raise SourceError(settings.place, f"gives two columns named {doubles[0]!r}; name them apart with AS")
    types = _spatial_types(connection)
    spatial = [name for name, code in columns if code in types]
    geometry = _geometry_column(settings, [name for name, _ in columns], spatial)
    postgis = geometry in spatial
    return Head(
        fields=tuple(name for name, _ in columns if name != geometry and name not in spatial),
        geometry=geometry,
        postgis=postgis,
        srid=_srid(connection, settings, geometry) if geometry and postgis else None,
        nested=any(code in _NESTED_TYPES for _, code in columns) and connection.dialect.name == "postgresql",
        key=_key(connection, settings),
    )


def source_of_rows(connection: Connection, settings: SqlSettings) -> str:
    """Give what stands after FROM: the table, or the query in brackets; named `q`."""
    if settings.table is not None:
        quote: Callable[[str], str] = connection.dialect.identifier_preparer.quote_identifier
        return ".".join(quote(part) for part in settings.table.split(".")) + " q"
    return f"({own_words(settings)}\n) q"


def own_words(settings: SqlSettings) -> str:
    """Give the query as it was written, so that no colon in it is taken for a parameter of ours."""
    return str(settings.query).strip().rstrip(";").replace(":", "\\:")


def _engine(settings: SqlSettings) -> Engine:
    url, place = settings.address, settings.place
    if url.get_backend_name() == "sqlite":
        return create_engine("sqlite://", creator=_sqlite_reader(url, place), poolclass=NullPool)
    if settings.password_variable:
        url = url.set(password=read_secret(settings.password_variable, "source.password_variable"))
    options: dict[str, Any] = {}
    if url.get_backend_name() == "postgresql":
        options = {"connect_timeout": CONNECT_SECONDS, "application_name": "meekoppel-connector", **_STAYS_IN_TOUCH}
    try:
        engine = create_engine(url, poolclass=NullPool, hide_parameters=True, connect_args=options)
    except NoSuchModuleError:
        raise SourceError(place, f"{url.drivername!r} is no kind of database that SQLAlchemy knows") from None
    except ModuleNotFoundError as error:
        wanted = INSTALL.get(str(error.name), str(error.name))
        raise SourceError(place, f"needs a driver that is not installed; pip install '{wanted}'") from error
    if engine.driver == "psycopg":
        event.listen(engine, "connect", _take_endless_times_as_text)
    return engine


def _take_endless_times_as_text(connection: Any, _record: Any) -> None:
    """Let `infinity`, and years that Python has not, reject their row instead of ending the reading."""
    from meekoppel_connectors.sources.sql.times import LOADERS

    for name, loader in LOADERS.items():
        connection.adapters.register_loader(name, loader)


def _sqlite_reader(url: URL, place: str) -> Callable[[], sqlite3.Connection]:
    path = Path(url.database or "")
    if not path.is_file():
        raise SourceError(place, "there is no such file; check source.url")
    return lambda: sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=CONNECT_SECONDS)


def _reading_only(connection: Connection) -> Connection:
    if connection.dialect.name == "postgresql":
        return connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    return connection


def _columns(connection: Connection, settings: SqlSettings) -> list[tuple[str, Any]]:
    if settings.query is not None:
        statement = text(own_words(settings))
    else:
        statement = text(f"SELECT * FROM {source_of_rows(connection, settings)}")  # noqa: S608 - a quoted name
    try:
        result = connection.execute(statement, execution_options={"stream_results": True})
    except DBAPIError as error:
        if settings.table is None:
            raise
        connection.rollback()
        raise missing_table(connection, settings.place, settings.table) or error from error
    if result.cursor is None or not result.returns_rows:
        raise SourceError(settings.place, "gives no rows; source.query must be a SELECT")
    columns = [(str(column[0]), column[1]) for column in result.cursor.description]
    result.close()
    return columns


def _spatial_types(connection: Connection) -> frozenset[int]:
    if connection.dialect.name != "postgresql":
        return frozenset()
    rows = connection.execute(text("SELECT oid FROM pg_type WHERE typname IN ('geometry', 'geography')"))
    return frozenset(int(oid) for (oid,) in rows)


def _geometry_column(settings: SqlSettings, names: list[str], spatial: list[str]) -> str | None:
    if settings.geometry.columns:
        return None
    named = settings.geometry_column
    if named is not None:
        if named not in names:
            raise SourceError(settings.place, f"has no column {named!r}, which source.geometry_column names")
        return named
    if len(spatial) == 1:
        return spatial[0]
    if spatial:
        problem = f"has geometry in {', '.join(spatial)}; set source.geometry_column to one of them"
    else:
        problem = "has no column with geometry; give geometry_column, or geometry: {x: …, y: …} or {wkt: …}"
    raise SourceError(settings.place, problem)


def _srid(connection: Connection, settings: SqlSettings, geometry: str) -> int | None:
    column = connection.dialect.identifier_preparer.quote_identifier(geometry)
    rows = source_of_rows(connection, settings)
    found = connection.execute(
        text(f"SELECT ST_SRID(q.{column}\\:\\:geometry) FROM {rows} WHERE q.{column} IS NOT NULL LIMIT 1")  # noqa: S608 - quoted
    ).scalar()
    return int(found or _declared_srid(connection, settings, geometry) or 0) or None


def _declared_srid(connection: Connection, settings: SqlSettings, geometry: str) -> Any:
    """Give the SRID with which the column of a table was declared: an empty table has no geometry that says it."""
    if settings.table is None:
        return None
    quote = connection.dialect.identifier_preparer.quote_identifier
    declared = text(
        """SELECT postgis_typmod_srid(a.atttypmod) FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
           WHERE a.attrelid = to_regclass(:name) AND a.attname = :column AND t.typname = 'geometry'"""
    )
    name = ".".join(quote(part) for part in settings.table.split("."))
    return connection.execute(declared, {"name": name, "column": geometry}).scalar()


def _key(connection: Connection, settings: SqlSettings) -> tuple[str, ...]:
    if settings.table is None:
        return ()
    schema, _, name = settings.table.rpartition(".")
    return tuple(inspect(connection).get_pk_constraint(name, schema or None)["constrained_columns"])
