"""Load many rows into PostgreSQL at once, by its binary COPY."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import psycopg
from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import DBAPIError

_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy leaves it untyped
_TYPES = {"TIMESTAMP WITH TIME ZONE": "timestamptz", "DOUBLE PRECISION": "float8", "FLOAT": "float8"}


def copy_rows(connection: Connection, table: Table, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Copy rows into a table, within the transaction of the connection.

    Args:
        connection: to PostgreSQL.
        table: where to.
        columns: of the table, in the order of the values of a row.
        rows: the values, as psycopg adapts them.

    Raises:
        DBAPIError: as for any statement; one row that breaks a rule of the table refuses all of them.
    """
    names = ", ".join(f'"{name}"' for name in columns)
    statement = f'COPY "{table.name}" ({names}) FROM STDIN (FORMAT BINARY)'
    driver: psycopg.Connection = connection.connection.driver_connection  # type: ignore[assignment]  # it is psycopg's
    try:
        with driver.cursor() as cursor, cursor.copy(statement.encode()) as copy:
            copy.set_types([column_type(table, name) for name in columns])
            for row in rows:
                copy.write_row(row)
    except psycopg.Error as error:
        raise DBAPIError.instance(statement, None, error, psycopg.Error) from error


def column_type(table: Table, name: str) -> str:
    """Name the PostgreSQL type of a column, as psycopg knows it."""
    compiled = table.c[name].type.compile(_DIALECT).split("(")[0]
    return _TYPES.get(compiled, compiled.lower())
