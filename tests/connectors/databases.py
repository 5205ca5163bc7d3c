"""Databases that tests of the SQL source write: SQLite files, and a PostGIS of which the connector gets no password."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, make_url, text

from meekoppel_connectors.sources.opening import open_source
from meekoppel_connectors.sources.source import Reached
from meekoppel_connectors.sources.sql.query import SqlSource
from meekoppel_connectors.sources.sql.settings import SqlSettings
from tests.passing import new_database

PASSWORD_VARIABLE = "GIS_PASSWORD"


def sql_source(**options: Any) -> SqlSource:
    source = open_source(SqlSettings.model_validate({"format": "sql", **options}))
    assert isinstance(source, SqlSource)
    return source


def sqlite_file(folder: Path, *statements: str, name: str = "plans.db") -> Path:
    path = folder / name
    connection = sqlite3.connect(path)
    with connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()
    return path


@dataclass(frozen=True, slots=True)
class Gis:
    """A PostGIS database, for the test to fill and for the connector to read."""

    engine: Engine
    url: str
    password: str

    def do(self, *statements: str, **values: Any) -> None:
        with self.engine.begin() as connection:
            for statement in statements:
                connection.execute(text(statement), values)

    def source(self, **options: Any) -> SqlSource:
        return sql_source(url=self.url, password_variable=PASSWORD_VARIABLE, **options)


@contextmanager
def gis(server: str) -> Iterator[Gis]:
    """Make a database with PostGIS and an empty table `works.plans`."""
    with new_database(server, "gis") as url:
        full = make_url(url)
        open_to_all = full._replace(password=None, drivername="postgresql").render_as_string()
        engine = create_engine(url)
        database = Gis(engine, open_to_all, str(full.password))
        database.do(
            "CREATE EXTENSION IF NOT EXISTS postgis",
            "CREATE SCHEMA works",
            """CREATE TABLE works.plans (
                id integer PRIMARY KEY, title text, geom geometry(Geometry, 28992),
                updated_at timestamptz NOT NULL DEFAULT now(), deleted boolean NOT NULL DEFAULT false)""",
        )
        try:
            yield database
        finally:
            engine.dispose()


def until_end(source: SqlSource, since: str | None) -> tuple[list[Any], str]:
    """Read all changes; gives the ids and the last cursor."""
    read = list(source.changes(since))
    last = read[-1]
    assert isinstance(last, Reached)
    return [each.values["id"] for each in read if not isinstance(each, Reached)], last.cursor
