"""Load many rows into PostgreSQL at once, by its binary COPY."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import psycopg
from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import DBAPIError, IntegrityError

_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy leaves it untyped
_TYPES = {"TIMESTAMP WITH TIME ZONE": "timestamptz", "DOUBLE PRECISION": "float8", "FLOAT": "float8"}


def copy_rows(
    connection: Connection,
    table: Table,
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
    into: str | None = None,
) -> None:
    """Copy rows into a table, within the transaction of the connection.

    Args:
        connection: to PostgreSQL.
        table: where to.
        columns: of the table, in the order of the values of a row.
        rows: the values, as psycopg adapts them.
        into: another table that is like it.

    Raises:
        DBAPIError: as for any statement; one row that breaks a rule of the table refuses all of them.
    """
    names = ", ".join(f'"{name}"' for name in columns)
    statement = f'COPY "{into or table.name}" ({names}) FROM STDIN (FORMAT BINARY)'
    driver: psycopg.Connection = connection.connection.driver_connection  # type: ignore[assignment]  # it is psycopg's
    try:
        with driver.cursor() as cursor, cursor.copy(statement.encode()) as copy:
            copy.set_types([column_type(table, name) for name in columns])
            for row in rows:
                copy.write_row(row)
    except psycopg.Error as error:
        raise DBAPIError.instance(statement, None, error, psycopg.Error) from error


def copy_new_rows(connection: Connection, table: Table, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Copy rows into a table; rows whose key is there already are left as they are.

    Made for rows that are nearly always new: they are copied straight into the table, and only when one of them is
    there already, staged and inserted one by one.

    Args:
        connection: to PostgreSQL.
        table: where to.
        columns: of the table, in the order of the values of a row.
        rows: the values, as psycopg adapts them.
    """
    if not rows:
        return
    try:
        with connection.begin_nested():
            copy_rows(connection, table, columns, rows)
    except IntegrityError:
        staged = stage_rows(connection, table, columns, rows)
        names = ", ".join(f'"{name}"' for name in columns)
        connection.exec_driver_sql(
            f'INSERT INTO "{table.name}" ({names}) SELECT {names} FROM {staged} ON CONFLICT DO NOTHING'  # noqa: S608 - the names are ours
        )


def stage_rows(connection: Connection, table: Table, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Copy rows into a temporary table with the columns of another; it is empty again after the transaction.

    Once per table and transaction.

    Returns:
        The name of the temporary table.
    """
    staged = f"given_{table.name}"
    names = ", ".join(f'"{name}"' for name in columns)
    like = f'SELECT {names} FROM "{table.name}" WITH NO DATA'  # noqa: S608 - the names are ours
    connection.exec_driver_sql(f"CREATE TEMP TABLE IF NOT EXISTS {staged} ON COMMIT DELETE ROWS AS {like}")
    copy_rows(connection, table, columns, rows, into=staged)
    return staged


def column_type(table: Table, name: str) -> str:
    """Name the PostgreSQL type of a column, as psycopg knows it."""
    compiled = table.c[name].type.compile(_DIALECT).split("(")[0]
    return _TYPES.get(compiled, compiled.lower())
