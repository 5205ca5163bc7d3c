"""The tables of a view that is being made beside the live one: what the two stores do each in their own way."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from sqlalchemy import Connection, Table

from meekoppel_hub.coordination.plan_change import Row
from meekoppel_hub.coordination.rebuilding.place import Place
from meekoppel_hub.coordination.rebuilding.tables_postgis import PostgisTables
from meekoppel_hub.coordination.rebuilding.tables_sqlite import SqliteTables
from meekoppel_hub.platform.database import Database


class Writer(Protocol):
    """Writes many rows into one table."""

    def write(self, rows: Iterable[Row]) -> None:
        """Write rows, in the order of the columns for which it was opened."""
        ...


class ViewTables(Protocol):
    """The three sets of tables in one store.

    Attributes:
        live: what the hub works with.
        next: what is being made.
        previous: what was live before, and is the way back.
        workers: how many processes may fill the new tables together.
        beside: whether the daily fold can work on tables that are not live yet, by `look_at`.
    """

    live: Place
    next: Place
    previous: Place
    workers: int
    beside: bool

    def alone(self) -> AbstractContextManager[None]:
        """Be the only one that makes or moves tables while the block runs; free again when the process ends.

        Raises:
            SettingsError: when another one is at it.
        """
        ...

    def prepare(self) -> None:
        """Take away what an interrupted run left, and make the new tables, empty and without indexes."""
        ...

    def writing(self, table: Table, columns: Sequence[str]) -> AbstractContextManager[Writer]:
        """Open a new table for many rows; of a row that is there twice the first stays."""
        ...

    def finish(self, tables: Sequence[Table]) -> None:
        """Give the new tables their keys and indexes."""
        ...

    def hold_workers(self, connection: Connection) -> None:
        """Keep coordination's workers from storing anything until the transaction ends."""
        ...

    def taking_over(self, connection: Connection, place: Place) -> AbstractContextManager[None]:
        """Put the tables of a place where the live ones stand, and those where the previous ones stand.

        In the block plain names of tables mean those of the place already; readers see it when the transaction ends.
        """
        ...

    def look_at(self, connection: Connection, place: Place) -> None:
        """Let plain names of tables mean those of a place until the transaction ends; only where `beside`."""
        ...

    def exists(self, connection: Connection, place: Place) -> bool:
        """Tell whether there are tables at a place."""
        ...

    def drop(self, connection: Connection, place: Place) -> None:
        """Take the tables of a place away.

        Raises:
            SettingsError: when something that the operator made depends on them.
        """
        ...

    def checksum(self, columns: Sequence[str]) -> str:
        """Write an expression that sums rows up in one number, whatever their order; equal rows give equal numbers."""
        ...

    def prepare_checksums(self, connection: Connection) -> None:
        """Make what `checksum` needs available to a connection."""
        ...


def tables_of(database: Database, crs: int) -> ViewTables:
    """Give the tables of the store that a database is."""
    return PostgisTables(database, crs) if database.dialect == "postgresql" else SqliteTables(database, crs)
