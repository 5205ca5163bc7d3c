"""An inbox in a file: takes what a connector publishes, without a broker, also from a process that is killed.

It does what a broker does for the runner: it holds records in order and acknowledges them once they are safe. The
tests that need a real broker have one; the others look here, which is a hundred times as quick.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from meekoppel_connectors.outbox import Outbox, OutboxRecord
from meekoppel_contracts.codec import decode_connector_heartbeat, decode_plan_event
from meekoppel_contracts.events import PlanEvent
from meekoppel_contracts.headers import EventHeaders
from meekoppel_contracts.heartbeat import ConnectorHeartbeat

BATCH = 500


@dataclass(frozen=True, slots=True)
class Received:
    """One record of an inbox.

    Attributes:
        key: the partition key.
        value: the framed Avro bytes.
        headers: the headers, read.
        event: the event, decoded strictly.
    """

    key: str
    value: bytes
    headers: EventHeaders
    event: PlanEvent

    @classmethod
    def read(cls, key: bytes, value: bytes, headers: list[tuple[str, bytes]]) -> Received:
        """Decode a record as a stranger does.

        Raises:
            ContractError: when it is no plan event, or its headers are not as agreed.
        """
        return cls(key.decode(), value, EventHeaders.parse(headers), decode_plan_event(value))


class InboxFile:
    """The inbox.

    Attributes:
        path: the SQLite file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with closing(self._connect()) as connection:
            connection.execute(
                "CREATE TABLE IF NOT EXISTS inbox (place INTEGER PRIMARY KEY, key BLOB, value BLOB, headers TEXT)"
            )
            connection.execute("CREATE TABLE IF NOT EXISTS heartbeats (place INTEGER PRIMARY KEY, value BLOB)")

    def take(self, outbox: Outbox, delivered: Callable[[int], None] = lambda _count: None) -> int:
        """Take all that waits, and give how many that was; in place of `publish.publish_outbox`.

        Args:
            outbox: what waits.
            delivered: is told how many records are safe before they are acknowledged.
        """
        count = 0
        while batch := outbox.next_batch(BATCH):
            self._append(batch)
            count += len(batch)
            delivered(count)
            outbox.acknowledge(batch[-1].sequence)
        return count

    def take_heartbeat(self, value: bytes) -> None:
        """Take a heartbeat, framed Avro."""
        with closing(self._connect()) as connection, connection:
            connection.execute("INSERT INTO heartbeats (value) VALUES (?)", (value,))

    def heartbeats(self) -> list[ConnectorHeartbeat]:
        """Read all heartbeats, in order."""
        with closing(self._connect()) as connection:
            rows = connection.execute("SELECT value FROM heartbeats ORDER BY place").fetchall()
        return [decode_connector_heartbeat(value) for (value,) in rows]

    def records(self) -> list[Received]:
        """Read all that was published, in order, resends included."""
        with closing(self._connect()) as connection:
            rows = connection.execute("SELECT key, value, headers FROM inbox ORDER BY place").fetchall()
        return [
            Received.read(key, value, [(name, text.encode()) for name, text in json.loads(headers)])
            for key, value, headers in rows
        ]

    def _append(self, batch: list[OutboxRecord]) -> None:
        rows = [(each.key, each.value, _as_text(each.headers)) for each in batch]
        with closing(self._connect()) as connection, connection:
            connection.executemany("INSERT INTO inbox (key, value, headers) VALUES (?, ?, ?)", rows)

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self.path)


def _as_text(headers: list[tuple[str, bytes]]) -> str:
    content: list[Any] = [[name, value.decode()] for name, value in headers]
    return json.dumps(content)
