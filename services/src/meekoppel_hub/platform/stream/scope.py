"""The transactions of one batch: fenced for all its partitions, and stored whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlalchemy import Connection

from meekoppel_hub.platform.clock import Clock
from meekoppel_hub.platform.database import Database
from meekoppel_hub.platform.stream import outbox, parking
from meekoppel_hub.platform.stream.offsets import Claim, check, hold, store_offsets
from meekoppel_hub.platform.stream.outbox import Stored
from meekoppel_hub.platform.stream.parking import ParkedRow, SetAside
from meekoppel_hub.platform.stream.records import Outgoing, PartitionId


@dataclass(slots=True)
class CommitUnit:
    """The transaction that ends a batch, as the processor sees it."""

    connection: Connection
    sources: frozenset[PartitionId]
    messages: list[tuple[str, Outgoing]] = field(default_factory=list)

    def publish(self, message: Outgoing, source: PartitionId) -> None:
        """Put a message into the outbox with this transaction, in the lane of the partition it comes from."""
        if source not in self.sources:
            raise ValueError(f"{message.event_id} is said to come from {source.lane}, which is not in this batch")
        self.messages.append((source.lane, message))


class FencedScope:
    """The transactions of one batch; both check that all its partitions are still ours.

    Args:
        database: where they run.
        clock: the time.
        claims: one for each partition of the batch.
        next_offsets: where each partition goes on after it; those that are left out stay where they are.
        aside: what is parked with the batch.
        released: the parked record that the batch consists of, when an operator released it.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        claims: Sequence[Claim],
        *,
        next_offsets: Mapping[PartitionId, int],
        aside: Sequence[SetAside] = (),
        released: ParkedRow | None = None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._claims = claims
        self._next_offsets = next_offsets
        self._aside = aside
        self._released = released
        self.committed = False
        self.stored: Sequence[Stored] = ()

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """Open an earlier transaction, without the offsets. It begins only while the partitions are ours."""
        with self._database.begin() as connection:
            check(connection, self._claims)
            yield connection

    @contextmanager
    def commit(self) -> Iterator[CommitUnit]:
        """Open the transaction that stores effects, what is set aside, outbox and offsets together."""
        with self._database.begin() as connection:
            hold(connection, self._claims)
            unit = CommitUnit(connection, frozenset(claim.source for claim in self._claims))
            yield unit
            stored = self._store(connection, unit.messages)
        self.committed, self.stored = True, stored

    def _store(self, connection: Connection, messages: list[tuple[str, Outgoing]]) -> Sequence[Stored]:
        service = self._claims[0].service
        poison = [row for row in self._aside if row.reason is not None]
        messages += [(row.record.source.lane, parking.dead_letter(service, row)) for row in poison]
        now = self._clock()
        parking.park(connection, service, self._aside, now)
        stored = outbox.put(connection, service, messages)
        store_offsets(connection, service, self._next_offsets, now)
        if self._released is not None:
            parking.remove(connection, self._released.id)
        return stored
