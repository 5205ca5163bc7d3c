"""Databases: a table of SQLite read as a whole, and one of which only the changes are read."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from typing import Any

from meekoppel_connectors.testing import ConformanceCase, Record, conformance_of
from meekoppel_connectors.testing.case import FIELDS

COLUMNS = ", ".join(f'"{name}" TEXT' for name in FIELDS)


class TableCase(ConformanceCase):
    """A table without a primary key, so that its order is that of writing."""

    def source(self) -> dict[str, Any]:
        place = {"crs": 28992, "geometry": {"x": "x", "y": "y"}}
        return {"format": "sql", "url": "sqlite:///plans.db", "table": "plans", **place}

    def write(self, records: Sequence[Record]) -> None:
        with closing(sqlite3.connect(self.folder / "plans.db")) as database, database:
            database.execute("DROP TABLE IF EXISTS plans")
            database.execute(f"CREATE TABLE plans ({COLUMNS})")
            rows = [tuple(record.values().values()) for record in records]
            database.executemany("INSERT INTO plans VALUES (?, ?, ?, ?, ?, ?)", rows)

    @contextmanager
    def away(self) -> Iterator[None]:
        hidden = (self.folder / "plans.db").rename(self.folder / "hidden.db")
        try:
            yield
        finally:
            hidden.rename(self.folder / "plans.db")


class FollowedTableCase(TableCase):
    """A table with the time of each change and a flag for what is gone."""

    def source(self) -> dict[str, Any]:
        cursor = {"time": "changed", "id": "id"}
        return {**super().source(), "cursor": cursor, "removed": {"field": "gone"}}

    def open(self) -> None:
        with closing(sqlite3.connect(self.folder / "plans.db")) as database, database:
            database.execute(f"CREATE TABLE plans ({COLUMNS}, changed TEXT, gone INTEGER, PRIMARY KEY (id))")
            database.execute("CREATE INDEX plans_changed ON plans (changed, id)")

    def tell(self, changed: Sequence[Record], removed: Sequence[Record]) -> None:
        now = datetime.now(UTC).isoformat()
        rows = [(*record.values().values(), now, int(record in removed)) for record in (*changed, *removed)]
        with closing(sqlite3.connect(self.folder / "plans.db")) as database, database:
            database.executemany("INSERT OR REPLACE INTO plans VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)


TestTable = conformance_of(TableCase)
TestFollowedTable = conformance_of(FollowedTableCase)
