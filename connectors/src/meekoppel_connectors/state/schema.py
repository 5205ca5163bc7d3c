"""The tables of a connector's state file, and how the file is opened."""

from __future__ import annotations

import glob
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path

from meekoppel_connectors.errors import StateError
from meekoppel_contracts.ids import OrgCode
from meekoppel_contracts.numbering import new_epoch

SCHEMA_VERSION = 3
MOVED = ".moved-"  # in the name of what is left behind when a state is moved

_HUB_REJECTIONS = """CREATE TABLE hub_rejections (
    log_offset INTEGER PRIMARY KEY,
    rejected_at TEXT NOT NULL,
    plan_id TEXT,
    field TEXT,
    reason TEXT NOT NULL,
    message TEXT NOT NULL,
    plan TEXT
)"""
_HUB_REJECTIONS_PLAN = """CREATE INDEX hub_rejections_plan ON hub_rejections (plan_id)"""

# A plan's content lies apart from what is written at every run, so that an unchanged source costs few writes.
_TABLES = (
    """CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID""",
    """CREATE TABLE snapshot (
        plan_id TEXT PRIMARY KEY,
        content_hash BLOB NOT NULL,
        status TEXT NOT NULL,
        latest_end TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('live', 'completed', 'withdrawn')),
        unreadable INTEGER NOT NULL DEFAULT 0,
        row_number INTEGER NOT NULL DEFAULT 0,
        occurred_at TEXT,
        source_hash BLOB
    ) WITHOUT ROWID""",
    """CREATE INDEX snapshot_source ON snapshot (source_hash)""",
    """CREATE TABLE snapshot_content (plan_id TEXT PRIMARY KEY, content BLOB NOT NULL)""",
    """CREATE TABLE outbox (
        sequence INTEGER PRIMARY KEY AUTOINCREMENT,
        plan_id TEXT NOT NULL,
        key BLOB NOT NULL,
        value BLOB NOT NULL,
        headers TEXT NOT NULL
    )""",
    """CREATE TABLE runs (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        started TEXT NOT NULL,
        as_of TEXT NOT NULL,
        finished TEXT,
        outcome TEXT NOT NULL,
        counts TEXT NOT NULL DEFAULT '{}',
        message TEXT
    )""",
    """CREATE TABLE rejected_rows (
        run INTEGER NOT NULL REFERENCES runs (id),
        row_number INTEGER NOT NULL,
        field TEXT NOT NULL,
        reason TEXT NOT NULL,
        message TEXT NOT NULL,
        source_id TEXT,
        row_values TEXT NOT NULL,
        plan_id TEXT
    )""",
    """CREATE INDEX rejected_rows_run ON rejected_rows (run)""",
    """CREATE INDEX rejected_rows_plan ON rejected_rows (plan_id)""",
    _HUB_REJECTIONS,
    _HUB_REJECTIONS_PLAN,
)
_UPGRADES = {
    1: (
        """ALTER TABLE snapshot ADD COLUMN row_number INTEGER NOT NULL DEFAULT 0""",
        """ALTER TABLE snapshot ADD COLUMN occurred_at TEXT""",
        """ALTER TABLE snapshot ADD COLUMN source_hash BLOB""",
        """ALTER TABLE snapshot DROP COLUMN last_seen_run""",
        """CREATE INDEX snapshot_source ON snapshot (source_hash)""",
        """ALTER TABLE rejected_rows ADD COLUMN plan_id TEXT""",
        """CREATE INDEX rejected_rows_plan ON rejected_rows (plan_id)""",
    ),
    2: (_HUB_REJECTIONS, _HUB_REJECTIONS_PLAN),
}
"""What each older version lacks; applied one after another when a run opens its state."""


def connect(path: Path, organisation: OrgCode, now: datetime) -> sqlite3.Connection:
    """Open a state file for a run, making it, with a new epoch, where there is none.

    Raises:
        StateError: when it is not a state file, is of another organisation or of a newer version, was moved to another
            place, or cannot be opened.
    """
    _refuse_moved(path)
    with _saying_what_is_wrong(path):
        connection = sqlite3.connect(path, isolation_level=None)
        try:
            if _table_names(connection):
                check(connection, path, organisation)  # before anything is written: it may be another program's
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA busy_timeout = 10000")
            with transaction(connection):
                if not _table_names(connection):
                    _create(connection, organisation, now)
                _upgrade(connection)
        except BaseException:
            connection.close()
            raise
        return connection


def _refuse_moved(path: Path) -> None:
    """Begin no new life where a state was moved away: what left the source since would never be withdrawn."""
    if path.exists():
        return
    for left in sorted(path.parent.glob(f"{glob.escape(path.name + MOVED)}*")):
        raise StateError(
            f"The state {path} was moved to another place; set state: in the configuration to where it is now. "
            f"To begin anew instead, remove {left}."
        )


def has_begun(path: Path) -> bool:
    """Tell whether there is a state: a file, in which a first run has made the tables already.

    Raises:
        StateError: when the file cannot be read.
    """
    if not path.is_file():
        return False
    with _saying_what_is_wrong(path), closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as found:
        return bool(_table_names(found))


@contextmanager
def opened_for_upkeep(path: Path, organisation: OrgCode) -> Iterator[sqlite3.Connection]:
    """Open a state file that exists, for changing it outside a run, and close it after the block.

    Raises:
        StateError: as `connect`; also when it cannot be changed, since another program has it open.
    """
    with _saying_what_is_wrong(path), closing(sqlite3.connect(path, isolation_level=None)) as connection:
        check(connection, path, organisation)
        yield connection


def connect_to_read(path: Path, organisation: OrgCode) -> sqlite3.Connection:
    """Open a state file that exists, for reading only; a run may go on meanwhile.

    Raises:
        StateError: as `connect`.
    """
    with _saying_what_is_wrong(path):
        connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, isolation_level=None)
        try:
            check(connection, path, organisation)
        except BaseException:
            connection.close()
            raise
        return connection


@contextmanager
def transaction(connection: sqlite3.Connection, begin: str = "BEGIN IMMEDIATE") -> Iterator[None]:
    """Store everything that is written inside the block, or nothing of it."""
    connection.execute(begin)
    try:
        yield
    except BaseException:
        if connection.in_transaction:  # SQLite ends it by itself when the disk is full
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def check(connection: sqlite3.Connection, path: Path, organisation: OrgCode) -> None:
    """Refuse a file that is no state, is of a newer version, or of another organisation.

    Raises:
        StateError: saying which.
    """
    if "meta" not in _table_names(connection):
        raise StateError(f"{path} is a database, but not the state of a connector; set state to another file.")
    meta = read_meta(connection)
    version = int(meta.get("schema_version", 0))
    if version > SCHEMA_VERSION:
        raise StateError(
            f"{path} was written by a newer version of the connector (state version {version}, this one knows "
            f"{SCHEMA_VERSION}); install the newer meekoppel-connectors."
        )
    if meta.get("organisation") != organisation:
        raise StateError(
            f"{path} is the state of organisation {meta.get('organisation')}, but the configuration says "
            f"{organisation}; give each connector a state file of its own."
        )


def read_meta(connection: sqlite3.Connection) -> dict[str, str]:
    """Give what the state says about itself: epoch, created, schema_version, organisation."""
    return dict(connection.execute("SELECT key, value FROM meta").fetchall())


def write_meta(connection: sqlite3.Connection, key: str, value: str | None) -> None:
    """Note something about the state itself, or forget it."""
    if value is None:
        connection.execute("DELETE FROM meta WHERE key = ?", (key,))
    else:
        connection.execute("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", (key, value))


def _upgrade(connection: sqlite3.Connection) -> None:
    for version in range(int(read_meta(connection)["schema_version"]), SCHEMA_VERSION):
        for statement in _UPGRADES[version]:
            connection.execute(statement)
        write_meta(connection, "schema_version", str(version + 1))


def _create(connection: sqlite3.Connection, organisation: OrgCode, now: datetime) -> None:
    for table in _TABLES:
        connection.execute(table)
    meta = {
        "epoch": new_epoch(now),
        "created": now.isoformat(),
        "schema_version": str(SCHEMA_VERSION),
        "organisation": organisation,
    }
    connection.executemany("INSERT INTO meta (key, value) VALUES (?, ?)", list(meta.items()))


def _table_names(connection: sqlite3.Connection) -> set[str]:
    return {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


@contextmanager
def _saying_what_is_wrong(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise StateError(
            f"The state file {path} cannot be opened ({error}); check that it is a state file and may be written, "
            "or move it away: all plans are then registered again."
        ) from error
