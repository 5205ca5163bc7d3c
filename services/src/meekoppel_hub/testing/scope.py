"""A batch's way to the database without Kafka: no fencing, no offsets; what is published is kept for looking at."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlalchemy import Connection

from meekoppel_hub.platform.database import Database
from meekoppel_hub.platform.stream.records import Outgoing, PartitionId


@dataclass(slots=True)
class DirectUnit:
    """The transaction that ends a batch; see `Unit`."""

    connection: Connection
    messages: dict[str, Outgoing] = field(default_factory=dict)
    sources: frozenset[PartitionId] = frozenset({PartitionId("plans", 0)})

    def publish(self, message: Outgoing, source: PartitionId) -> None:
        """Keep a message until the commit; the same event id twice is kept once."""
        self.messages.setdefault(message.event_id, message)


class DirectScope:
    """A `BatchScope` for tests and for folding a replay: the same two transactions, and a list of what was published.

    Attributes:
        published: what was committed for publishing, in order.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self.published: list[Outgoing] = []

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """Open an earlier transaction."""
        with self._database.begin() as connection:
            yield connection

    @contextmanager
    def commit(self) -> Iterator[DirectUnit]:
        """Open the last transaction; what it publishes is kept when it commits."""
        with self._database.begin() as connection:
            unit = DirectUnit(connection)
            yield unit
        self.published.extend(unit.messages.values())
