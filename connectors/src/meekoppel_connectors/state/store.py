"""A connector's state: one SQLite file that a crash at any moment leaves whole."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from pathlib import Path

from meekoppel_connectors.errors import StateError
from meekoppel_connectors.outbox import Outbox
from meekoppel_connectors.state.lock import only_run
from meekoppel_connectors.state.rejected_rows import forget_rejections, keep_rejections, keep_unsettled
from meekoppel_connectors.state.runs import Runs
from meekoppel_connectors.state.schema import connect, read_meta, transaction, write_meta
from meekoppel_connectors.state.snapshot import Snapshot
from meekoppel_connectors.state.staging import Staging
from meekoppel_contracts.ids import OrgCode


class ConnectorState:
    """The open state of a connector; `open_state` gives it.

    Attributes:
        epoch: names the life of this state; new when the state is new.
        snapshot: the plans as they were last published.
        staging: the rows of the run that is going on.
        outbox: the events that the broker has not acknowledged yet.
        runs: the record of runs.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.epoch = read_meta(connection)["epoch"]
        self.snapshot = Snapshot(connection)
        self.staging = Staging(connection)
        self.outbox = Outbox(connection, self.epoch)
        self.runs = Runs(connection)

    def transaction(self) -> AbstractContextManager[None]:
        """Store everything that is written inside the block, or nothing of it."""
        return transaction(self._connection)

    def reading(self) -> AbstractContextManager[None]:
        """Set rows of the source aside inside the block, without holding the file against readers or writers."""
        return transaction(self._connection, "BEGIN DEFERRED")

    def keep_rejections(self, run: int) -> None:
        """Store the rejections of a whole source with their run."""
        keep_rejections(self._connection, run)

    def keep_unsettled(self, run: int) -> None:
        """Store the rejections of some changes until they are settled."""
        keep_unsettled(self._connection, run)

    def forget_rejections(self) -> None:
        """Drop all rejections, before a source of changes is read from its beginning."""
        forget_rejections(self._connection)

    def cursor(self, mapping: str) -> str | None:
        """Give how far the source's changes were read; None when they are to be read from the beginning.

        Args:
            mapping: tells one mapping from another; what was read under another one is read again.
        """
        meta = read_meta(self._connection)
        return meta.get("cursor") if meta.get("mapping") == mapping else None

    def move_cursor(self, cursor: str | None, mapping: str) -> None:
        """Note how far the source's changes were read, in the transaction that stores them."""
        write_meta(self._connection, "cursor", cursor)
        write_meta(self._connection, "mapping", mapping)

    def stopped_at(self) -> str | None:
        """Give what the guard had counted when it stopped reading changes; None when it had nothing to object since."""
        return read_meta(self._connection).get("guarded")

    def note_stopped_at(self, tally: str | None) -> None:
        """Note what the guard had counted before the changes to which it objects; None when it let all of them pass."""
        write_meta(self._connection, "guarded", tally)


@contextmanager
def open_state(path: Path, organisation: OrgCode, now: datetime) -> Iterator[ConnectorState]:
    """Open the state of a connector for one run, alone; make it where there is none.

    Raises:
        StateBusy: when another run has it.
        StateError: when it is not usable, or the disk fails while it is used.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StateError(f"The folder {path.parent} of the state cannot be made ({error.strerror}).") from error
    with only_run(path.resolve()):
        connection = connect(path, organisation, now)
        try:
            yield ConnectorState(connection)
        except sqlite3.Error as error:
            raise StateError(
                f"The state file {path} could not be read or written ({error}); check the disk."
            ) from error
        finally:
            connection.close()
