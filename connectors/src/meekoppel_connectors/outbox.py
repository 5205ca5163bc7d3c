"""The outbox: events that are to be published, numbered, in the same file and transaction as the snapshot.

A number is never used twice within an epoch, so that intake can tell a resend from news.
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from datetime import datetime

from meekoppel_contracts.codec import encode_plan_event
from meekoppel_contracts.events import PlanEvent
from meekoppel_contracts.headers import plan_event_headers


@dataclass(frozen=True, slots=True)
class OutboxRecord:
    """One event as it goes to Kafka, the same bytes at every attempt.

    Attributes:
        sequence: its number within the epoch.
        plan_id: whose change it is.
        key: the partition key: the plan id.
        value: framed Avro.
        headers: CloudEvents headers.
    """

    sequence: int
    plan_id: str
    key: bytes
    value: bytes
    headers: list[tuple[str, bytes]]


class Outbox:
    """The events that the broker has not acknowledged yet, in order."""

    def __init__(self, connection: sqlite3.Connection, epoch: str) -> None:
        self._connection = connection
        self._epoch = epoch

    def append(self, event: PlanEvent, time: datetime, oin: str | None) -> int:
        """Number an event and put it last; inside the transaction that changes the snapshot.

        Args:
            event: not numbered yet: version 0.
            time: when it happened or, where that is not known, when the run began.
            oin: the publisher's OIN, where there is one.
        """
        sequence = last_sequence(self._connection) + 1
        plan_id = event.plan.plan_id
        headers = plan_event_headers(
            event, id=f"{self._epoch}/{sequence}", sequence=sequence, time=time, epoch=self._epoch, oin=oin
        )
        self._connection.execute(
            "INSERT INTO outbox (sequence, plan_id, key, value, headers) VALUES (?, ?, ?, ?, ?)",
            (sequence, plan_id, plan_id.encode(), encode_plan_event(event), _pack(headers.to_kafka())),
        )
        return sequence

    def next_batch(self, limit: int) -> list[OutboxRecord]:
        """Give the first events that wait."""
        rows = self._connection.execute(
            "SELECT sequence, plan_id, key, value, headers FROM outbox ORDER BY sequence LIMIT ?", (limit,)
        )
        return [OutboxRecord(number, plan, key, value, _unpack(headers)) for number, plan, key, value, headers in rows]

    def acknowledge(self, up_to: int) -> None:
        """Let go of the events up to and including this number, which the broker holds now."""
        self._connection.execute("DELETE FROM outbox WHERE sequence <= ?", (up_to,))

    def waiting(self) -> int:
        """Count the events that wait."""
        return count_waiting(self._connection)


def last_sequence(connection: sqlite3.Connection) -> int:
    """Give the last number that an event got in a state file; 0 when none did."""
    row = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'outbox'").fetchone()
    return 0 if row is None else int(row[0])


def count_waiting(connection: sqlite3.Connection) -> int:
    """Count the events that wait in a state file."""
    return int(connection.execute("SELECT count(*) FROM outbox").fetchone()[0])


def _pack(headers: list[tuple[str, bytes]]) -> str:
    return json.dumps([[name, value.decode()] for name, value in headers], ensure_ascii=False)


def _unpack(packed: str) -> list[tuple[str, bytes]]:
    return [(name, value.encode()) for name, value in json.loads(packed)]
