"""A view being made in PostgreSQL: in a schema of its own, loaded by COPY, given its indexes last.

The live tables stand in whatever schema the connection looks in; the new ones in the schema of that name with `_next`
behind it, the previous ones with `_previous`. To swap is to move tables from schema to schema: no row is touched, and
indexes, sequences and what was granted on a table go with it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Table, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from meekoppel_hub.coordination.rebuilding.copying import CopyWriter, copying
from meekoppel_hub.coordination.rebuilding.place import BUSY, Place, exchange
from meekoppel_hub.coordination.rules_state import lock_rules
from meekoppel_hub.platform.database import Database
from meekoppel_hub.platform.database.tables import ALL_OWNERS
from meekoppel_hub.platform.database.tables.base import metadata
from meekoppel_hub.platform.database.tables.view import REBUILT, RETIRED, plan_versions
from meekoppel_hub.platform.errors import SettingsError

REBUILD_LOCK = 7_364_003
"""Held by whoever makes or moves the tables of the view, for as long as it is connected."""

_MEMORY = "256MB"
_DEPENDENT = "2BP01"

_KEYS = text("""
    SELECT class.relname AS table, con.conname AS name, pg_get_constraintdef(con.oid) AS definition
    FROM pg_constraint con JOIN pg_class class ON class.oid = con.conrelid
    WHERE con.connamespace = to_regnamespace(:schema) AND con.contype IN ('p', 'u')
    ORDER BY con.contype, con.conname""")
_INDEXES = text("""
    SELECT tablename AS table, indexname AS name, indexdef AS definition FROM pg_indexes
    WHERE schemaname = :schema ORDER BY indexname""")
_OFFSETS = text("""
    SELECT 1 FROM stream_offsets WHERE service = 'coordination' ORDER BY topic, partition FOR UPDATE""")
_TABLES = text("SELECT tablename FROM pg_tables WHERE schemaname = :schema AND tablename = ANY(:names)")
_GRANTS = text("""
    SELECT DISTINCT format('GRANT %s ON %I.%I TO %s', g.privilege_type, CAST(:target AS text), class.relname,
                  CASE WHEN g.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(g.grantee)) END)
    FROM pg_class class CROSS JOIN LATERAL aclexplode(class.relacl) AS g
    WHERE class.relnamespace = to_regnamespace(:source) AND class.relname = ANY(:names)
      AND g.grantee <> class.relowner""")


class PostgisTables:
    """The three sets of tables; see `ViewTables`."""

    def __init__(self, database: Database, crs: int) -> None:
        self._database = database
        self._crs = crs
        with database.read() as connection:
            schema = str(connection.scalar(text("SELECT current_schema()")))
        self.live, self.next, self.previous = (Place(schema + end) for end in ("", "_next", "_previous"))
        self.workers = 2
        self.beside = True
        self._later: list[tuple[str, str]] = []

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold a lock of the session: it goes with the connection, however the process ends."""
        with self._database.engine.connect() as connection:
            if not connection.scalar(text("SELECT pg_try_advisory_lock(:lock)"), {"lock": REBUILD_LOCK}):
                raise SettingsError(BUSY)
            connection.commit()
            try:
                yield
            finally:
                connection.rollback()
                connection.execute(text("SELECT pg_advisory_unlock(:lock)"), {"lock": REBUILD_LOCK})
                connection.commit()

    def prepare(self) -> None:
        """Make the new tables as the hub makes them, then put their keys and indexes off."""
        with self._database.begin() as connection:
            self._refuse_dependents(connection)
            connection.execute(text(f'DROP SCHEMA IF EXISTS "{self.next.schema}" CASCADE'))
            connection.execute(text(f'CREATE SCHEMA "{self.next.schema}"'))
            self.look_at(connection, self.next)
            metadata.create_all(connection, tables=list(REBUILT), checkfirst=False)
            for owner in ALL_OWNERS:
                owner(connection, self._crs)
            self._put_off(connection)

    def _refuse_dependents(self, connection: Connection) -> None:
        """Find out now, and not at the end, whether the previous tables can give way."""
        attempt = connection.begin_nested()
        self.drop(connection, self.previous)
        attempt.rollback()

    def _put_off(self, connection: Connection) -> None:
        where = {"schema": self.next.schema}
        self._later = []
        for row in connection.execute(_KEYS, where).mappings().all():
            name = f"{self.next.name(row['table'])}"
            connection.execute(text(f'ALTER TABLE {name} DROP CONSTRAINT "{row["name"]}"'))
            self._later.append((row["table"], f'ALTER TABLE {name} ADD CONSTRAINT "{row["name"]}" {row["definition"]}'))
        for row in connection.execute(_INDEXES, where).mappings().all():
            connection.execute(text(f'DROP INDEX "{self.next.schema}"."{row["name"]}"'))
            self._later.append((row["table"], row["definition"]))

    @contextmanager
    def writing(self, table: Table, columns: Sequence[str]) -> Iterator[CopyWriter]:
        """Copy rows into a new table, committed at the end of the block."""
        connection = self._database.engine.raw_connection()
        try:
            driver: Any = connection.driver_connection
            with copying(driver, self.next.name(table.name), table, columns) as writer:
                yield writer
            connection.commit()
        finally:
            connection.close()

    def finish(self, tables: Sequence[Table]) -> None:
        """Build keys and indexes, two tables at a time."""
        failures: list[BaseException] = []

        def build(table: Table) -> None:
            try:
                self._build(table)
            except BaseException as error:  # noqa: BLE001 - raised below, in the thread that asked
                failures.append(error)

        threads = [threading.Thread(target=build, args=(table,)) for table in tables]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failures:
            raise failures[0]

    def _build(self, table: Table) -> None:
        statements = [statement for name, statement in self._later if name == table.name]
        with self._database.begin() as connection:
            connection.execute(text(f"SET LOCAL maintenance_work_mem = '{_MEMORY}'"))
            for statement in statements:
                self._build_one(connection, table, statement)
        with self._database.begin() as connection:
            connection.execute(text(f"ANALYZE {self.next.name(table.name)}"))

    def _build_one(self, connection: Connection, table: Table, statement: str) -> None:
        try:
            with connection.begin_nested():
                connection.execute(text(statement))
        except IntegrityError:  # what was sent twice stands in the log twice
            key = statement[statement.rindex("(") :].strip("()")
            name = self.next.name(table.name)
            connection.execute(
                text(f"""
                    DELETE FROM {name} WHERE ctid IN (SELECT ctid FROM (
                        SELECT ctid, row_number() OVER (PARTITION BY {key} ORDER BY ctid) AS number FROM {name}
                    ) AS numbered WHERE number > 1)""")  # noqa: S608
            )
            connection.execute(text(statement))

    def hold_workers(self, connection: Connection) -> None:
        """Lock the rows of the offsets, which all that workers store checks, and the live tables against writing.

        What a worker stores ahead of its offsets ends first: it would wait for our place in the order of commits, and
        we for the tables in which it writes. All in the order in which a worker comes by, that nobody waits in a
        circle: its offsets, the rules, and of the tables first the one into which it writes first.
        """
        connection.execute(text("SET LOCAL lock_timeout = '20s'"))
        connection.execute(_OFFSETS).all()
        lock_rules(connection, shared=True)
        names = sorted(self._names(connection, self.live), key=lambda name: name != plan_versions.name)
        live = ", ".join(self.live.name(name) for name in names)
        if live:
            connection.execute(text(f"LOCK TABLE {live} IN SHARE ROW EXCLUSIVE MODE"))

    def look_at(self, connection: Connection, place: Place) -> None:
        """Look in the schema of the place first."""
        connection.execute(text(f'SET LOCAL search_path = "{place.schema}", "{self.live.schema}", public'))

    def exists(self, connection: Connection, place: Place) -> bool:
        """Look for the tables of the view in the schema."""
        return bool(self._names(connection, place))

    def _names(self, connection: Connection, place: Place) -> list[str]:
        names = [*(table.name for table in REBUILT), *RETIRED]
        rows = connection.execute(_TABLES, {"schema": place.schema, "names": names})
        return sorted(row.tablename for row in rows)

    @contextmanager
    def taking_over(self, connection: Connection, place: Place) -> Iterator[None]:
        """Look at the tables of the place in the block, and move all of them at its end: readers wait least."""
        self.look_at(connection, place)
        yield
        connection.execute(text(f'SET LOCAL search_path = "{self.live.schema}", public'))
        exchange(self, connection, place)

    def move(self, connection: Connection, source: Place, target: Place) -> None:
        """Set another schema; what was granted on a live table is granted on the one that takes its place."""
        names = self._names(connection, source)
        connection.execute(text(f'CREATE SCHEMA IF NOT EXISTS "{target.schema}"'))
        for name in names:
            connection.execute(text(f'ALTER TABLE {source.name(name)} SET SCHEMA "{target.schema}"'))
        if target == self.live:
            self._grant_as_before(connection, names)
        if source != self.live:
            connection.execute(text(f'DROP SCHEMA "{source.schema}"'))

    def _grant_as_before(self, connection: Connection, names: Sequence[str]) -> None:
        for before in (self.previous, self.next):
            where = {"source": before.schema, "target": self.live.schema, "names": list(names)}
            for statement in connection.execute(_GRANTS, where).scalars().all():
                connection.execute(text(statement))

    def drop(self, connection: Connection, place: Place) -> None:
        """Drop the schema of the place."""
        try:
            for name in self._names(connection, place):
                connection.execute(text(f"DROP TABLE {place.name(name)}"))
            connection.execute(text(f'DROP SCHEMA IF EXISTS "{place.schema}"'))
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", "") != _DEPENDENT:
                raise
            what = str(error.orig).splitlines()
            raise SettingsError(
                f"something of yours depends on the tables in schema {place.schema}: {' '.join(what[:2])}. Drop it, or "
                "make it again on the live tables, and try again"
            ) from error

    def checksum(self, columns: Sequence[str]) -> str:
        """Take PostgreSQL's own 64-bit hash of each row, the rows of a plan put together by exclusive or."""
        named = ", ".join(f'"{column}"' for column in columns)
        return f"bit_xor(hash_record_extended(ROW({named}), 0))"

    def prepare_checksums(self, connection: Connection) -> None:
        """Nothing: PostgreSQL has what it takes."""
