"""Open the database; transactions that behave the same on SQLite and PostgreSQL."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.pool import NullPool

from meekoppel_hub.platform.errors import SettingsError, TransientError

# PostgreSQL: connection lost or refused, a standby that only reads, serialization failure, deadlock, disk or memory
# full, a lock that was not to be had, a statement or a server that was stopped, the system's own errors.
_TRANSIENT_SQLSTATES = ("08", "25006", "40", "53", "55P03", "57", "58")
_POSTGRESQL = ("postgresql://", "postgresql+psycopg://", "postgres://")
_TRANSIENT_IN_SQLITE = ("locked", "busy", "disk I/O", "unable to open", "is full")


class Database:
    """One database. All work happens in `begin()` (write) or `read()` blocks, from any thread.

    Args:
        engine: SQLAlchemy's engine.
        replica: another, to a copy of the same database that can only be read; `read()` goes there then.

    Attributes:
        engine: as given.
        dialect: `sqlite` or `postgresql`.
    """

    def __init__(self, engine: Engine, replica: Engine | None = None) -> None:
        self.engine = engine
        self.dialect = engine.dialect.name
        self._replica = replica
        # SQLite has one writer at a time: within the process we queue fairly instead of polling its lock.
        self._writer = threading.Lock() if self.dialect == "sqlite" else None

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """Run a writing transaction: committed at the end of the block, rolled back on an error.

        Raises:
            TransientError: when the database is away or the transaction may be tried again.
        """
        if self._writer is not None:
            with self._writer, self._transaction() as connection:
                yield connection
        else:
            with self._transaction() as connection:
                yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Run a reading transaction, on the replica where there is one.

        Raises:
            TransientError: when the database is away.
        """
        try:
            with (self._replica or self.engine).connect() as connection:
                if self.dialect == "sqlite":
                    connection.exec_driver_sql("BEGIN")
                yield connection
        except (DBAPIError, PoolTimeoutError) as error:
            raise _translate(error) from error

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        try:
            with self.engine.connect() as connection, connection.begin():
                if self.dialect == "sqlite":
                    connection.exec_driver_sql("BEGIN IMMEDIATE")
                yield connection
        except (DBAPIError, PoolTimeoutError) as error:
            raise _translate(error) from error

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()
        if self._replica is not None:
            self._replica.dispose()

    def read_from(self, url: str) -> Database:
        """Give the same database for readers, from a replica or itself: each `read()` then sees what is there by then.

        For those who only show the view: many short statements, each a transaction of its own and run by one process of
        PostgreSQL, since all readers together keep all cores busy. What a replica gives may be a little behind what was
        written; a service of the log reads what it wrote, and so never from one.

        Args:
            url: of the replica, or of this database; PostgreSQL.

        Raises:
            SettingsError: when it is no PostgreSQL URL, or this database is SQLite.
        """
        if self.dialect != "postgresql" or not url.startswith(_POSTGRESQL):
            raise SettingsError(
                "MEEKOPPEL_REPLICA_URL names a replica of PostgreSQL: give postgresql://… there and in "
                "MEEKOPPEL_DATABASE_URL, or leave it empty"
            )
        return Database(self.engine, _postgresql(url, readers=True))


def open_database(url: str) -> Database:
    """Open the database at an SQLAlchemy URL (`sqlite:///file` or `postgresql://…`).

    Raises:
        SettingsError: when the URL names something else than SQLite or PostgreSQL.
    """
    if url.startswith("sqlite:///"):
        Path(url.removeprefix("sqlite:///")).parent.mkdir(mode=0o700, parents=True, exist_ok=True)  # it holds secrets
        pool = NullPool if ":memory:" in url else None
        engine = create_engine(url, poolclass=pool, connect_args={"timeout": 60}, hide_parameters=True)
        event.listen(engine, "connect", _prepare_sqlite)
        return Database(engine)
    if url.startswith(_POSTGRESQL):
        return Database(_postgresql(url))
    scheme = url.split(":", 1)[0]
    raise SettingsError(f"MEEKOPPEL_DATABASE_URL starts with {scheme!r}; give postgresql://… or sqlite:///…")


def _postgresql(url: str, *, readers: bool = False) -> Engine:
    _, rest = url.split("://", 1)
    address = f"postgresql+psycopg://{rest}"
    if not readers:
        return create_engine(address, pool_size=12, max_overflow=12, pool_pre_ping=True, hide_parameters=True)
    return create_engine(
        address,
        pool_size=20,
        max_overflow=20,
        pool_pre_ping=True,
        hide_parameters=True,
        isolation_level="AUTOCOMMIT",
        # Few rows of large tables: neither compiling a query nor starting workers for it pays.
        connect_args={"options": "-c jit=off -c max_parallel_workers_per_gather=0"},
    )


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # we begin transactions ourselves: BEGIN IMMEDIATE for writers
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.execute("PRAGMA foreign_keys=ON")
    # A batch touches some thousand pages all over the file: they stay in memory until its end, and go from the log of
    # writes into the file every 32 MB, not with each batch.
    cursor.execute("PRAGMA cache_size=-32768")
    cursor.execute("PRAGMA wal_autocheckpoint=8192")
    cursor.close()


def _translate(error: DBAPIError | PoolTimeoutError) -> Exception:
    """Tell errors that pass (away, busy, deadlock) from errors that do not."""
    if isinstance(error, PoolTimeoutError):
        return TransientError("the database cannot be used now: all connections are in use")
    state = getattr(error.orig, "sqlstate", None) or ""
    busy = isinstance(error, OperationalError) and any(word in str(error.orig) for word in _TRANSIENT_IN_SQLITE)
    lost = error.connection_invalidated or (isinstance(error, OperationalError) and not state and not _is_sqlite(error))
    if busy or lost or state.startswith(_TRANSIENT_SQLSTATES):
        return TransientError(f"the database cannot be used now: {error.orig}")
    return error


def _is_sqlite(error: DBAPIError) -> bool:
    return type(error.orig).__module__.startswith("sqlite3")


def is_reachable(database: Database) -> bool:
    """Tell whether the database answers."""
    try:
        with database.read() as connection:
            connection.execute(text("SELECT 1"))
    except TransientError:
        return False
    return True
