"""Where a set of the view's tables stands: the live ones, those being made, the previous ones."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol, cast

from sqlalchemy import Connection, MetaData, Table

BUSY = "another `meekoppel view` command makes or moves the tables of this view: wait for it"


@dataclass(frozen=True)
class Place:
    """One set of the view's tables: in a schema (PostgreSQL), or with a prefix to their names (SQLite).

    Attributes:
        schema: None for the one that the connection looks in.
        prefix: before the name of each table.
    """

    schema: str | None = None
    prefix: str = ""
    _copies: MetaData = field(default_factory=MetaData, compare=False, repr=False)

    def table(self, table: Table) -> Table:
        """Give one of the view's tables as it stands here, without its indexes."""
        name = self.prefix + table.name
        known = self._copies.tables.get(name if self.schema is None else f"{self.schema}.{name}")
        if known is not None:
            return known
        copy = table.to_metadata(
            self._copies, schema=cast(str, self.schema), name=name
        )  # None is allowed, and not typed
        copy.indexes.clear()
        return copy

    def name(self, name: str) -> str:
        """Write the name of a table as it stands here, for a statement."""
        quoted = f'"{self.prefix}{name}"'
        return quoted if self.schema is None else f'"{self.schema}".{quoted}'


class Movable(Protocol):
    """What `exchange` needs to know of a store."""

    live: Place
    next: Place
    previous: Place

    def move(self, connection: Connection, source: Place, target: Place) -> None:
        """Move the tables of one place to another, which is empty."""
        ...

    def drop(self, connection: Connection, place: Place) -> None:
        """Take the tables of a place away."""
        ...


def exchange(tables: Movable, connection: Connection, place: Place) -> None:
    """Put the tables of a place where the live ones stand, and the live ones where the previous ones stand."""
    if place == tables.next:
        tables.drop(connection, tables.previous)
        tables.move(connection, tables.live, tables.previous)
        tables.move(connection, tables.next, tables.live)
    else:
        tables.drop(connection, tables.next)
        tables.move(connection, tables.live, tables.next)
        tables.move(connection, tables.previous, tables.live)
        tables.move(connection, tables.next, tables.previous)
