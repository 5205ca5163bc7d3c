"""Publishing the outbox in the background, in a thread with a connection of its own, until the server ends.

The same thread sends the heartbeats: one at the beginning, then one every quarter of an hour.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from datetime import timedelta

from meekoppel_connectors.clock import utc_now
from meekoppel_connectors.config import ConnectorConfig
from meekoppel_connectors.errors import ConnectorError
from meekoppel_connectors.operating.telling import tell
from meekoppel_connectors.outbox import Outbox
from meekoppel_connectors.publish import Patience, publish_outbox
from meekoppel_connectors.secrets import without_secrets
from meekoppel_connectors.state.runs import Runs
from meekoppel_connectors.state.schema import connect, read_meta

ONE_ATTEMPT = Patience(attempts=1, answer_seconds=5.0)
BETWEEN = Patience()
HEARTBEAT_SECONDS = 900.0


class Publisher:
    """Publishes whenever something waits; what it cannot, it tries again.

    Attributes:
        trouble: why it last failed; None when the last attempt went through.
    """

    def __init__(self, config: ConnectorConfig) -> None:
        self.trouble: str | None = None
        self._config = config
        self._work = threading.Event()
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._go_on, name="publishing")

    def start(self) -> None:
        """Begin, with what is still there from before."""
        self._work.set()
        self._thread.start()

    def wake(self) -> None:
        """Say that something waits."""
        self._work.set()

    def end(self) -> None:
        """Make an end, after the attempt that is being made; what is left goes out at the next start."""
        self._ending.set()
        self._work.set()
        self._thread.join()

    def _go_on(self) -> None:
        connection = connect(self._config.state, self._config.organisation, utc_now())
        try:
            failures, due = 0, time.monotonic()
            while not self._ending.is_set():
                if time.monotonic() >= due:
                    self._tell()
                    due = time.monotonic() + HEARTBEAT_SECONDS
                if self._work.wait(due - time.monotonic()) and not self._ending.is_set():
                    self._work.clear()
                    failures = self._attempt(connection, failures)
        finally:
            connection.close()

    def _attempt(self, connection: sqlite3.Connection, failures: int) -> int:
        """Publish what waits; after a failure the next attempt follows by itself, after a while."""
        outbox = Outbox(connection, read_meta(connection)["epoch"])
        try:
            publish_outbox(self._config.kafka, self._config.organisation, outbox, patience=ONE_ATTEMPT)
            Runs(connection).outbox_emptied()
        except (ConnectorError, sqlite3.Error) as error:
            self.trouble = without_secrets(str(error))
            self._ending.wait(BETWEEN.delay_seconds(failures + 1))
            self._work.set()
            return failures + 1
        self.trouble = None
        return 0

    def _tell(self) -> None:
        """Send a heartbeat; what keeps it from being sent keeps the plans too, and is told with them."""
        try:
            tell(self._config, self._note, utc_now, utc_now() + timedelta(seconds=HEARTBEAT_SECONDS))
        except ConnectorError as error:
            self._note(str(error))

    def _note(self, problem: str) -> None:
        self.trouble = without_secrets(problem)
