"""A view being made in SQLite: in the same file, under other names, in small transactions between those of the hub.

Tables can be renamed and indexes cannot: those of a new table have the number of its generation in their name. The
R*Tree is renamed with its table; its triggers are made again on the table that becomes live.
"""

from __future__ import annotations

import fcntl
import hashlib
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

from sqlalchemy import Connection, Index, Table, insert, inspect, text
from sqlalchemy.schema import CreateIndex, CreateTable

from meekoppel_hub.coordination.plan_change import Row
from meekoppel_hub.coordination.rebuilding.place import BUSY, Place, exchange
from meekoppel_hub.platform.database import Database
from meekoppel_hub.platform.database.tables.view import REBUILT, RETIRED
from meekoppel_hub.platform.database.tables.view_spatial import add_spatial
from meekoppel_hub.platform.database.view_state import generation
from meekoppel_hub.platform.errors import SettingsError

_BOXES = {"plan_zones": ("plan_zone_boxes", "zone_key"), "former_places": ("former_place_boxes", "place_key")}
"""The R*Tree of a table, and the key by which it follows it."""

_TRIGGERS = text(
    "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name IN ('plan_zones', 'former_places')"
)
_ROWS_AT_ONCE = 2_000
_BETWEEN_SECONDS = 0.002


class SqliteTables:
    """The three sets of tables; see `ViewTables`."""

    def __init__(self, database: Database, crs: int) -> None:
        self._database = database
        self._crs = crs
        self.live, self.next, self.previous = Place(), Place(prefix="next_"), Place(prefix="previous_")
        self.workers = 1
        self.beside = False
        with database.read() as connection:
            self._generation = generation(connection) + 1

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold a lock on a file beside the database; the system frees it when the process ends."""
        path = Path(f"{self._database.engine.url.database}.rebuild")
        with path.open("a", encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise SettingsError(BUSY) from None
            yield

    def prepare(self) -> None:
        """Make the new tables with their keys, which SQLite cannot add later, and without their indexes."""
        with self._database.begin() as connection:
            self.drop(connection, self.next)
            for table in REBUILT:
                connection.execute(CreateTable(self.next.table(table)))

    @contextmanager
    def writing(self, table: Table, columns: Sequence[str]) -> Iterator[_Inserter]:
        """Insert rows, some thousands in a transaction."""
        yield _Inserter(self._database, self.next.table(table), columns)

    def finish(self, tables: Sequence[Table]) -> None:
        """Build the indexes, and the R*Tree of the zones."""
        for table in tables:
            copy = self.next.table(table)
            for index in sorted(table.indexes, key=lambda index: str(index.name)):
                name = f"{index.name}_g{self._generation}"
                with self._database.begin() as connection:
                    connection.execute(text(f'DROP INDEX IF EXISTS "{name}"'))
                    made = Index(name, *(copy.c[column.name] for column in index.columns))
                    copy.indexes.discard(made)
                    connection.execute(CreateIndex(made))
            if table.name in _BOXES:
                self._fill_boxes(table, *_BOXES[table.name])

    def _fill_boxes(self, table: Table, tree: str, key: str) -> None:
        columns = f"{key}, min_x, max_x, min_y, max_y"
        with self._database.begin() as connection:
            boxes = self.next.name(tree)
            connection.execute(text(f"CREATE VIRTUAL TABLE {boxes} USING rtree({columns})"))
            connection.execute(
                text(f"INSERT INTO {boxes} SELECT {columns} FROM {self.next.name(table.name)}")  # noqa: S608
            )

    def hold_workers(self, connection: Connection) -> None:
        """Nothing: this transaction is the only writer."""

    def look_at(self, connection: Connection, place: Place) -> None:
        """Not here: names are what they are."""
        raise NotImplementedError

    @contextmanager
    def taking_over(self, connection: Connection, place: Place) -> Iterator[None]:
        """Rename all of them before the block: readers see it when the transaction ends, and do not wait."""
        exchange(self, connection, place)
        yield

    def exists(self, connection: Connection, place: Place) -> bool:
        """Look for the tables of the view under the names of the place."""
        return bool(self._names(connection, place))

    def _names(self, connection: Connection, place: Place) -> list[str]:
        there = set(inspect(connection).get_table_names())
        names = [*(table.name for table in REBUILT), *RETIRED, *(tree for tree, _ in _BOXES.values())]
        return [name for name in names if place.prefix + name in there]

    def move(self, connection: Connection, source: Place, target: Place) -> None:
        """Rename; the triggers stand on the live table alone."""
        if source == self.live:
            for trigger in connection.execute(_TRIGGERS).scalars().all():
                connection.execute(text(f'DROP TRIGGER "{trigger}"'))
        for name in self._names(connection, source):
            connection.execute(text(f"ALTER TABLE {source.name(name)} RENAME TO {target.name(name)}"))
        if target == self.live:
            add_spatial(connection, self._crs)

    def drop(self, connection: Connection, place: Place) -> None:
        """Drop the tables of the place."""
        for name in self._names(connection, place):
            connection.execute(text(f"DROP TABLE {place.name(name)}"))

    def checksum(self, columns: Sequence[str]) -> str:
        """Take 40 bits of a hash of each row: the sum over a plan's rows fits in a number of 64 bits."""
        return f"sum(row_hash({', '.join(columns)}))"

    def prepare_checksums(self, connection: Connection) -> None:
        """Give the connection the function that `checksum` uses."""
        driver = connection.connection.driver_connection
        assert driver is not None
        driver.create_function("row_hash", -1, _row_hash, deterministic=True)


class _Inserter:
    """Inserts rows, and lets the hub in between."""

    def __init__(self, database: Database, table: Table, columns: Sequence[str]) -> None:
        self._database = database
        self._columns = columns
        self._insert = insert(table).prefix_with("OR IGNORE")

    def write(self, rows: Iterable[Row]) -> None:
        """Write rows, in the order of the columns."""
        left = iter(rows)
        while some := [dict(zip(self._columns, row, strict=True)) for row in islice(left, _ROWS_AT_ONCE)]:
            with self._database.begin() as connection:
                connection.execute(self._insert, some)
            time.sleep(_BETWEEN_SECONDS)  # another process polls for the lock: leave it a moment


def _row_hash(*values: object) -> int:
    digest = hashlib.blake2b(digest_size=5)
    for value in values:
        data = value if isinstance(value, bytes) else repr(value).encode()
        digest.update(len(data).to_bytes(4, "big") + data)
    return int.from_bytes(digest.digest(), "big")
