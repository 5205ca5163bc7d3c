"""Tables with a column of geometry in a real PostGIS: read as a whole, and by what changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, make_url, text

from meekoppel_connectors.testing import ConformanceCase, Record, conformance_of
from tests.passing import new_database

NAMES = ("id", "title", "start", "end")
INSERT = """INSERT INTO works (id, title, "start", "end", shape, changed, gone)
VALUES (:id, :title, :start, :end, ST_SetSRID(ST_MakePoint(:px, :py), 28992), clock_timestamp(), :gone)
ON CONFLICT (id) DO UPDATE SET title = excluded.title, "start" = excluded."start", "end" = excluded."end",
    shape = excluded.shape, changed = excluded.changed, gone = excluded.gone"""


class PostgisCase(ConformanceCase):
    def __init__(self, folder: Path, url: str = "") -> None:
        super().__init__(folder)
        self.url = make_url(url or "postgresql://reader@127.0.0.1")
        self.environment = {"SOURCE_PASSWORD": self.url.password or "none-is-asked-for"}

    def open(self) -> None:
        self.engine = create_engine(self.url)
        with self.engine.begin() as connection:
            connection.execute(
                text(
                    """CREATE TABLE works (id text PRIMARY KEY, title text, "start" text, "end" text,
                       shape geometry(Point, 28992), changed timestamptz, gone boolean)"""
                )
            )

    def close(self) -> None:
        self.engine.dispose()

    def source(self) -> dict[str, Any]:
        address = self.url._replace(password=None).render_as_string(hide_password=False)
        place = {"table": "works", "geometry_column": "shape"}
        return {"format": "sql", "url": address, "password_variable": "SOURCE_PASSWORD", **place}

    def write(self, records: Sequence[Record]) -> None:
        with self.engine.begin() as connection:
            connection.execute(text("TRUNCATE works"))
            self._put(connection, records, gone=False)

    def _put(self, connection: Any, records: Sequence[Record], *, gone: bool) -> None:
        rows = [
            {**{name: record.values()[name] for name in NAMES}, "px": record.position[0], "py": record.position[1]}
            for record in records
        ]
        if rows:
            connection.execute(text(INSERT), [{**row, "gone": gone} for row in rows])

    @contextmanager
    def away(self) -> Iterator[None]:
        with self.engine.begin() as connection:
            connection.execute(text("ALTER TABLE works RENAME TO hidden"))
        try:
            yield
        finally:
            with self.engine.begin() as connection:
                connection.execute(text("ALTER TABLE hidden RENAME TO works"))


class FollowedPostgisCase(PostgisCase):
    def source(self) -> dict[str, Any]:
        cursor = {"time": "changed", "id": "id", "overlap_seconds": 0}
        return {**super().source(), "cursor": cursor, "removed": {"field": "gone"}}

    def tell(self, changed: Sequence[Record], removed: Sequence[Record]) -> None:
        with self.engine.begin() as connection:
            self._put(connection, changed, gone=False)
            self._put(connection, removed, gone=True)


class InPostgis:
    """Gives every test a database of its own."""

    case_type: type[PostgisCase]

    @pytest.fixture
    def case(self, tmp_path: Path, postgis_url: str, postgis_template: str) -> Iterator[ConformanceCase]:
        with new_database(postgis_url, "source", template=postgis_template) as url:
            yield self.case_type(tmp_path, url)


class TestPostgis(InPostgis, conformance_of(PostgisCase)):  # type: ignore[misc]  # made at run time
    """A table, as a whole."""


class TestFollowedPostgis(InPostgis, conformance_of(FollowedPostgisCase)):  # type: ignore[misc]  # made at run time
    """A table, by its changes."""
