"""What a service gives to the core: how to decode one record, and what to do with a batch."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Protocol, TypeVar, runtime_checkable

from sqlalchemy import Connection

from meekoppel_hub.platform.stream.records import LogRecord, Outgoing, PartitionId

Item = TypeVar("Item")


class Unit(Protocol):
    """The transaction that ends a batch: effects, outbox and offset are stored together, or none of them."""

    @property
    def connection(self) -> Connection:
        """The open transaction."""
        ...

    @property
    def sources(self) -> frozenset[PartitionId]:
        """The partitions of the batch."""
        ...

    def publish(self, message: Outgoing, source: PartitionId) -> None:
        """Put a message into the outbox; it is sent after the commit. The same event id twice is stored once.

        Args:
            message: what to publish.
            source: the partition of the batch from which it comes. What is left behind is sent by whoever has that
                partition then: messages of one key that must keep their order come from one partition.
        """
        ...


class BatchScope(Protocol):
    """How a processor reaches the database for one batch. Both transactions are fenced by the assignment epochs.

    `begin` opens an earlier transaction, without the offsets (phase one of matching). `commit` opens the last one.
    A processor must open `commit` exactly once, as the last thing it does. Both raise `Fenced` when a partition of the
    batch is no longer ours, and `TransientError` when the database is away; the processor lets both through.
    """

    def begin(self) -> AbstractContextManager[Connection]:
        """Open a transaction that does not store the offsets.

        The fence is checked when it opens and not held: what is stored here must be true whoever stores it, such as a
        version that stands in the log.
        """
        ...

    def commit(self) -> AbstractContextManager[Unit]:
        """Open the transaction that stores effects, outbox and offsets together; the fence holds until its end."""
        ...


class Processor(Protocol[Item]):
    """A service's work on a batch of one or more partitions. Called in worker threads, `apply` once at a time.

    Every step may be repeated after a crash: writes are guarded by version, publishing by event id.
    """

    def decode(self, record: LogRecord) -> Item:
        """Decode one record. The next batch is decoded while the one at hand is applied: nothing may depend on that.

        Raises:
            PoisonRecord: when it can never be handled; the core sets it aside and parks its key.
        """
        ...

    def apply(self, items: Sequence[Item], scope: BatchScope) -> None:
        """Handle the items of one batch, and end with `scope.commit()`.

        They come from several partitions, those of one partition together and in order. `items` may be empty, when all
        records of the batch were set aside: `commit` must be opened all the same.

        Raises:
            PoisonRecord, or any error: the core handles the batch again in smaller pieces, down to the record that
                fails, and sets that aside.
            TransientError, Fenced: let through.
        """
        ...


@runtime_checkable
class WorksBesides(Protocol):
    """A processor that has work besides the log, which is done between batches and when there are none."""

    def work_besides(self, scope: BatchScope) -> bool:
        """Do a little of that work: well under a second. Called once a second at least, never beside `apply`.

        Args:
            scope: over all partitions that are held now; `commit` stores no offset, and need not be opened.

        Returns:
            Whether there is more to do at once; it is then called again after the next batch, or right away.

        Raises:
            TransientError, Fenced: it is tried again later.
        """
        ...
