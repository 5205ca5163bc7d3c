"""One partition's batch, from raw records to one committed transaction.

Runs in a worker thread and knows nothing of Kafka's client: what it is given and what it stores can be tested with a
database alone. Errors are told apart here (rule 5): transient ones go up to be tried again, poison is set aside and
its key parked, too much poison in a row halts the service.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import structlog
from sqlalchemy import Connection

from meekoppel_hub.platform.clock import Clock
from meekoppel_hub.platform.database import Database
from meekoppel_hub.platform.errors import Fenced, Halted, PoisonRecord, TransientError
from meekoppel_hub.platform.stream import outbox, parking
from meekoppel_hub.platform.stream.offsets import Claim, hold, store_offset
from meekoppel_hub.platform.stream.parking import ParkedRow, SetAside
from meekoppel_hub.platform.stream.processor import Processor
from meekoppel_hub.platform.stream.records import LogRecord, Outgoing, PartitionId

log = structlog.get_logger(__name__)

Item = TypeVar("Item")

# A record that fails for a reason that we do not know is tried this often before it counts as poison.
TRIES_OF_UNKNOWN_FAILURES = 3

# So many records of a released key are handled before the service turns to its batches again.
RELEASED_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Handled:
    """What became of a batch.

    Attributes:
        next_offset: where to go on, stored in the database by now.
        handled: how many records the processor handled.
        set_aside: how many were parked, poison and waiting together.
    """

    next_offset: int
    handled: int
    set_aside: int


@dataclass(slots=True)
class CommitUnit:
    """The transaction that ends a batch, as the processor sees it."""

    connection: Connection
    messages: list[Outgoing] = field(default_factory=list)

    def publish(self, message: Outgoing) -> None:
        """Put a message into the outbox with this transaction."""
        self.messages.append(message)


class FencedScope:
    """The transactions of one batch; both check that the partition is still ours."""

    def __init__(
        self, database: Database, clock: Clock, claim: Claim, next_offset: int | None, aside: Sequence[SetAside] = ()
    ) -> None:
        self._database = database
        self._clock = clock
        self._claim = claim
        self._next_offset = next_offset
        self._aside = aside
        self.released: ParkedRow | None = None
        self.committed = False

    @property
    def source(self) -> PartitionId:
        """The partition from which the batch came."""
        return self._claim.source

    def begin(self) -> AbstractContextManager[Connection]:
        """Open a fenced transaction that does not store the offset."""
        return self._fenced()

    @contextmanager
    def commit(self) -> Iterator[CommitUnit]:
        """Open the transaction that stores effects, what is set aside, outbox and offset together."""
        with self._fenced() as connection:
            unit = CommitUnit(connection)
            yield unit
            service = self._claim.service
            unit.messages.extend(parking.dead_letter(service, row) for row in self._aside if row.reason is not None)
            parking.park(connection, service, self._aside, self._clock())
            outbox.put(connection, service, self.source.lane, unit.messages)
            if self._next_offset is not None:
                store_offset(connection, self._claim, self._next_offset, self._clock())
            if self.released is not None:
                parking.remove(connection, self.released.id)
        self.committed = True

    @contextmanager
    def _fenced(self) -> Iterator[Connection]:
        with self._database.begin() as connection:
            hold(connection, self._claim)
            yield connection


class BatchHandler(Generic[Item]):
    """Handles batches of a service, one at a time per partition.

    Args:
        processor: the service's own work.
        database: where effects, outbox, offsets and parked records are kept together.
        clock: the time.
        halt_after: so many poison records in a row, without one good record between, halt the service.
    """

    def __init__(self, processor: Processor[Item], database: Database, clock: Clock, halt_after: int = 50) -> None:
        self._processor = processor
        self._database = database
        self._clock = clock
        self._halt_after = halt_after
        self._parked: dict[PartitionId, set[bytes]] = {}
        self._tries: dict[tuple[PartitionId, int], int] = {}
        self._poison_in_a_row = 0

    def take_over(self, claim: Claim) -> None:
        """Read which keys of a newly claimed partition are parked."""
        with self._database.read() as connection:
            self._parked[claim.source] = parking.parked_keys(connection, claim.service, claim.source)

    def handle(self, claim: Claim, records: Sequence[LogRecord]) -> Handled:
        """Handle records of one partition, in order, and store the offset behind the last.

        Raises:
            TransientError: nothing (or only a first part) was stored; try again from the stored offset.
            Fenced: the partition is another worker's now.
            Halted: too many poison records in a row; those are stored as set aside.
        """
        items, aside = self._decode(claim, records)
        next_offset = records[-1].offset + 1
        try:
            self._apply(claim, items, next_offset, aside)
        except (TransientError, Fenced):
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, one record of the batch made it fail: find that one
            if len(records) == 1:
                return self._set_aside_failed(claim, records[0], error)
            log.warning("batch_failed_one_by_one", service=claim.service, lane=claim.source.lane, error=repr(error))
            return self._one_by_one(claim, records)
        self._remember(claim, aside, handled=len(items))
        return Handled(next_offset, len(items), len(aside))

    def release(self, claim: Claim) -> int:
        """Handle what an operator released, or dropped the poison of; gives how many records were handled."""
        with self._database.read() as connection:
            keys = parking.asked_keys(connection, claim.service, claim.source)
        if not keys:
            return 0
        with self._database.begin() as connection:
            hold(connection, claim)
            parking.include_later(connection, claim.service, claim.source, keys)
            rows = {key: parking.rows_of_key(connection, claim.service, claim.source, key) for key in keys}
        return sum(self._release_key(claim, key, waiting) for key, waiting in rows.items())

    def _decode(self, claim: Claim, records: Sequence[LogRecord]) -> tuple[list[Item], list[SetAside]]:
        items: list[Item] = []
        aside: list[SetAside] = []
        parked = set(self._parked.get(claim.source, ()))
        for record in records:
            if (
                record.key and record.key in parked
            ):  # a record without key belongs to no plan: it parks and waits for none
                aside.append(SetAside(record, None, None))
                continue
            try:
                items.append(self._processor.decode(record))
            except PoisonRecord as poison:
                aside.append(SetAside(record, poison.reason, poison.detail))
                parked.add(record.key or b"")
        return items, aside

    def _apply(self, claim: Claim, items: Sequence[Item], next_offset: int, aside: Sequence[SetAside]) -> None:
        scope = FencedScope(self._database, self._clock, claim, next_offset, aside)
        self._processor.apply(items, scope)
        if not scope.committed:
            raise RuntimeError(f"{claim.service} handled a batch without opening scope.commit(): nothing was stored")

    def _one_by_one(self, claim: Claim, records: Sequence[LogRecord]) -> Handled:
        handled = aside = 0
        for record in records:
            result = self.handle(claim, [record])
            handled += result.handled
            aside += result.set_aside
        return Handled(records[-1].offset + 1, handled, aside)

    def _set_aside_failed(self, claim: Claim, record: LogRecord, error: Exception) -> Handled:
        """Set aside a record on which the processor fails; one of unknown cause only after some tries."""
        place = (record.source, record.offset)
        self._tries[place] = self._tries.get(place, 0) + 1
        if not isinstance(error, PoisonRecord) and self._tries[place] < TRIES_OF_UNKNOWN_FAILURES:
            log.warning("record_failed", service=claim.service, lane=claim.source.lane, exc_info=error)
            # Health shows this to everybody: what it says of the record stays in the log.
            raise TransientError(f"{claim.source.lane}/{record.offset} failed: {type(error).__name__}") from error
        del self._tries[place]
        reason, detail = (error.reason, error.detail) if isinstance(error, PoisonRecord) else ("failed", f"{error!r}")
        aside = [SetAside(record, reason, detail)]
        with FencedScope(self._database, self._clock, claim, record.offset + 1, aside).commit():
            pass
        self._remember(claim, aside, handled=0)
        return Handled(record.offset + 1, 0, 1)

    def _remember(self, claim: Claim, aside: Sequence[SetAside], handled: int) -> None:
        """Keep the parked keys in step with the database, say what was parked, and count poison in a row."""
        poison = [row for row in aside if row.reason is not None]
        for row in poison:
            place = f"{claim.source.lane}/{row.record.offset}"
            log.error("record_set_aside", service=claim.service, place=place, reason=row.reason, detail=row.detail)
        self._parked.setdefault(claim.source, set()).update(row.record.key for row in poison if row.record.key)
        self._poison_in_a_row = len(poison) if handled else self._poison_in_a_row + len(poison)
        if self._poison_in_a_row >= self._halt_after:
            raise Halted(
                f"{self._poison_in_a_row} records in a row could not be handled, the last one for the reason "
                f"{poison[-1].reason if poison else 'of its key'}; nothing was lost: see `meekoppel dead-letters list`"
            )

    def _release_key(self, claim: Claim, key: bytes, rows: Sequence[ParkedRow]) -> int:
        handled = 0
        for row in rows[:RELEASED_AT_ONCE]:
            drop = row.state == parking.DROP_ASKED and row.aside.reason is not None and handled == 0
            try:
                self._settle(claim, row, drop=drop)
            except (TransientError, Fenced):
                raise
            except Exception as error:  # noqa: BLE001 - it failed again: say why, and keep its key parked
                reason, detail = (
                    (error.reason, error.detail) if isinstance(error, PoisonRecord) else ("failed", f"{error!r}")
                )
                with self._database.begin() as connection:
                    hold(connection, claim)
                    parking.fail_again(connection, claim.service, row, reason, detail)
                return handled
            handled += 1
        if handled == len(rows):
            self._parked.get(claim.source, set()).discard(key)
        return handled

    def _settle(self, claim: Claim, row: ParkedRow, *, drop: bool) -> None:
        scope = FencedScope(self._database, self._clock, claim, next_offset=None)
        scope.released = row
        if drop:
            log.warning("record_dropped", service=claim.service, offset=row.aside.record.offset, why=row.aside.reason)
            with scope.commit():
                return
        self._processor.apply([self._processor.decode(row.aside.record)], scope)
