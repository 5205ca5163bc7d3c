"""What a service gives to the core: how to decode one record, and what to do with a batch."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Protocol, TypeVar

from sqlalchemy import Connection

from meekoppel_hub.platform.stream.records import LogRecord, Outgoing, PartitionId

Item = TypeVar("Item")


class Unit(Protocol):
    """The transaction that ends a batch: effects, outbox and offset are stored together, or none of them."""

    @property
    def connection(self) -> Connection:
        """The open transaction."""
        ...

    def publish(self, message: Outgoing) -> None:
        """Put a message into the outbox; it is sent after the commit. The same event id twice is stored once."""
        ...


class BatchScope(Protocol):
    """How a processor reaches the database for one batch. Both transactions are fenced by the assignment epoch.

    `begin` opens an earlier transaction, without the offset (phase one of matching). `commit` opens the last one.
    A processor must open `commit` exactly once, as the last thing it does. Both raise `Fenced` when the partition
    is no longer ours, and `TransientError` when the database is away; the processor lets both through.
    """

    @property
    def source(self) -> PartitionId:
        """The partition from which the batch came."""
        ...

    def begin(self) -> AbstractContextManager[Connection]:
        """Open a fenced transaction that does not store the offset."""
        ...

    def commit(self) -> AbstractContextManager[Unit]:
        """Open the fenced transaction that stores effects, outbox and offset together."""
        ...


class Processor(Protocol[Item]):
    """A service's work on one partition's batch. Called in a worker thread, one batch of a partition at a time.

    Every step may be repeated after a crash: writes are guarded by version, publishing by event id.
    """

    def decode(self, record: LogRecord) -> Item:
        """Decode one record.

        Raises:
            PoisonRecord: when it can never be handled; the core sets it aside and parks its key.
        """
        ...

    def apply(self, items: Sequence[Item], scope: BatchScope) -> None:
        """Handle the items of one batch, in order, and end with `scope.commit()`.

        `items` may be empty, when all records of the batch were set aside: `commit` must be opened all the same.

        Raises:
            PoisonRecord, or any error: the core handles the batch again one by one, and sets aside the one that fails.
            TransientError, Fenced: let through.
        """
        ...
