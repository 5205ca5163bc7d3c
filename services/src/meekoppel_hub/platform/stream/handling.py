"""One batch, from raw records to one committed transaction for all its partitions.

Runs in worker threads and knows nothing of Kafka's client: what it is given and what it stores can be tested with a
database alone. Errors are told apart here (rule 5): transient ones go up to be tried again, poison is set aside and
its key parked, too much poison in a row halts the service. What one partition's records do wrong costs no other one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import structlog

from meekoppel_hub.platform.clock import Clock
from meekoppel_hub.platform.database import Database
from meekoppel_hub.platform.errors import Fenced, Halted, PoisonRecord, TransientError
from meekoppel_hub.platform.stream import parking
from meekoppel_hub.platform.stream.batch import Failed, Part
from meekoppel_hub.platform.stream.offsets import Claim, hold
from meekoppel_hub.platform.stream.outbox import Stored
from meekoppel_hub.platform.stream.parking import ParkedRow, SetAside
from meekoppel_hub.platform.stream.processor import Processor, WorksBesides
from meekoppel_hub.platform.stream.records import LogRecord, PartitionId
from meekoppel_hub.platform.stream.scope import FencedScope

log = structlog.get_logger(__name__)

Item = TypeVar("Item")

# A record that fails for a reason that we do not know is tried this often before it counts as poison.
TRIES_OF_UNKNOWN_FAILURES = 3

# So many records of a released key are handled before the service turns to its batches again.
RELEASED_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Handled:
    """What became of the records of one partition.

    Attributes:
        next_offset: where to go on, stored in the database by now.
        handled: how many records the processor handled.
        set_aside: how many were parked, poison and waiting together.
    """

    next_offset: int
    handled: int
    set_aside: int


Outcome = Handled | TransientError | Fenced
"""What became of a part. With an error nothing of it was stored, or a first piece: read on from the stored offset."""


class BatchHandler(Generic[Item]):
    """Handles batches of a service, one at a time; decodes the next one meanwhile, when asked from another thread.

    Args:
        processor: the service's own work.
        database: where effects, outbox, offsets and parked records are kept together.
        clock: the time.
        halt_after: so many poison records in a row, without one good record between, halt the service.
        on_stored: told after each commit what it put into the outbox; called in the worker thread.
    """

    def __init__(
        self,
        processor: Processor[Item],
        database: Database,
        clock: Clock,
        halt_after: int = 50,
        on_stored: Callable[[Sequence[Stored]], None] = lambda _: None,
    ) -> None:
        self._processor = processor
        self._database = database
        self._clock = clock
        self._halt_after = halt_after
        self._on_stored = on_stored
        self._parked: dict[PartitionId, set[bytes]] = {}
        self._tries: dict[tuple[PartitionId, int], int] = {}
        self._poison_in_a_row = 0

    def take_over(self, claim: Claim) -> None:
        """Read which keys of a newly claimed partition are parked."""
        with self._database.read() as connection:
            self._parked[claim.source] = parking.parked_keys(connection, claim.service, claim.source)

    def decode(self, claim: Claim, records: Sequence[LogRecord]) -> Part[Item]:
        """Decode records of one partition. Decides nothing and changes nothing: it may run ahead."""
        return Part(claim, records, [self._entry(record) for record in records])

    def handle(self, parts: Sequence[Part[Item]]) -> list[Outcome]:
        """Handle the parts of one batch, each of another partition, and store the offset behind each one's last record.

        All in one transaction. When that fails for a reason of the records, each partition by itself; and of the one
        that fails halves and halves of halves, down to the record that does it.

        Returns:
            What became of each part, in their order.

        Raises:
            Halted: too many poison records in a row; those are stored as set aside.
        """
        try:
            return list(self._together(parts))
        except Halted:
            raise
        except TransientError as error:
            return [error for _ in parts]
        except Exception as error:  # noqa: BLE001 - whatever it is, one of the records made it fail: find that one
            if len(parts) > 1:
                log.warning("batch_failed_by_partition", service=parts[0].claim.service, error=repr(error))
                return [outcome for part in parts for outcome in self.handle([part])]
            return [error if isinstance(error, Fenced) else self._find_failing(parts[0], error)]

    @property
    def works_besides(self) -> bool:
        """Whether the processor has work besides the log."""
        return isinstance(self._processor, WorksBesides)

    def work_besides(self, claims: Sequence[Claim]) -> bool:
        """Let the processor do a little of its work besides the log; gives whether there is more at once.

        Args:
            claims: all partitions that are held; one at least.

        Raises:
            TransientError: it is tried again; when that was at the commit, it may be stored all the same.
            Fenced: one of the partitions was claimed by another worker.
        """
        if not isinstance(self._processor, WorksBesides):
            return False
        scope = FencedScope(self._database, self._clock, claims, next_offsets={})
        more = self._processor.work_besides(scope)
        self._on_stored(scope.stored)
        return more

    def asked(self, service: str) -> set[PartitionId]:
        """Name the partitions of which an operator wants something released or dropped."""
        with self._database.read() as connection:
            return parking.asked_sources(connection, service)

    def release(self, claim: Claim) -> int:
        """Handle what an operator released, or dropped the poison of; gives how many records were handled."""
        with self._database.begin() as connection:
            keys = parking.asked_keys(connection, claim.service, claim.source)
            hold(connection, [claim])
            parking.include_later(connection, claim.service, claim.source, keys)
            rows = {key: parking.rows_of_key(connection, claim.service, claim.source, key) for key in keys}
        return sum(self._release_key(claim, key, waiting) for key, waiting in rows.items())

    def _entry(self, record: LogRecord) -> Item | SetAside | Failed:
        try:
            return self._processor.decode(record)
        except PoisonRecord as poison:
            return SetAside(record, poison.reason, poison.detail)
        except Exception as error:  # noqa: BLE001 - it is handled as a failure of the batch, when its turn comes
            return Failed(record, error)

    def _together(self, parts: Sequence[Part[Item]]) -> Sequence[Handled]:
        items: list[Item] = []
        aside: list[SetAside] = []
        poison: list[bool] = []  # of each record that does not just wait, in order
        handled: list[Handled] = []
        for part in parts:
            items_before, aside_before = len(items), len(aside)
            self._sort_out(part, items, aside, poison)
            handled.append(Handled(part.next_offset, len(items) - items_before, len(aside) - aside_before))
        scope = FencedScope(
            self._database,
            self._clock,
            [part.claim for part in parts],
            next_offsets={part.claim.source: part.next_offset for part in parts},
            aside=aside,
        )
        self._apply(items, scope, parts[0].claim.service)
        self._remember(parts[0].claim.service, aside, poison)
        return handled

    def _sort_out(self, part: Part[Item], items: list[Item], aside: list[SetAside], poison: list[bool]) -> None:
        """Tell what is to be handled from what is poison or waits behind it."""
        parked = set(self._parked.get(part.claim.source, ()))
        for record, entry in zip(part.records, part.entries, strict=True):
            if record.key and record.key in parked:  # without a key it belongs to no plan: it parks and waits for none
                aside.append(SetAside(record, None, None))
                continue
            if isinstance(entry, Failed):
                raise entry.error
            poison.append(isinstance(entry, SetAside))
            if isinstance(entry, SetAside):
                aside.append(entry)
                parked.add(record.key or b"")
            else:
                items.append(entry)

    def _apply(self, items: Sequence[Item], scope: FencedScope, service: str) -> None:
        self._processor.apply(items, scope)
        if not scope.committed:
            raise RuntimeError(f"{service} handled a batch without opening scope.commit(): nothing was stored")
        self._on_stored(scope.stored)

    def _find_failing(self, part: Part[Item], error: Exception) -> Outcome:
        """Handle in halves a part that fails, until the record that fails stands alone."""
        if len(part.records) == 1:
            return self._set_aside_failed(part, error)
        log.warning(
            "part_failed_in_halves",
            service=part.claim.service,
            lane=part.claim.source.lane,
            records=len(part.records),
            error=repr(error),
        )
        handled = aside = 0
        for half in part.halves():
            (outcome,) = self.handle([half])
            if not isinstance(outcome, Handled):
                return outcome
            handled, aside = handled + outcome.handled, aside + outcome.set_aside
        return Handled(part.next_offset, handled, aside)

    def _set_aside_failed(self, part: Part[Item], error: Exception) -> Outcome:
        """Set aside a record on which the processor fails; one of unknown cause only after some tries."""
        claim, record = part.claim, part.records[0]
        place = (record.source, record.offset)
        self._tries[place] = self._tries.get(place, 0) + 1
        if not isinstance(error, PoisonRecord) and self._tries[place] < TRIES_OF_UNKNOWN_FAILURES:
            log.warning("record_failed", service=claim.service, lane=claim.source.lane, exc_info=error)
            # Health shows this to everybody: what it says of the record stays in the log.
            return TransientError(f"{claim.source.lane}/{record.offset} failed: {type(error).__name__}")
        del self._tries[place]
        aside = [SetAside(record, *_why(error))]
        scope = FencedScope(
            self._database, self._clock, [claim], next_offsets={claim.source: record.offset + 1}, aside=aside
        )
        try:
            with scope.commit():
                pass
        except (TransientError, Fenced) as passing:
            return passing
        self._on_stored(scope.stored)
        self._remember(claim.service, aside, [True])
        return Handled(record.offset + 1, 0, 1)

    def _remember(self, service: str, aside: Sequence[SetAside], poison: Sequence[bool]) -> None:
        """Keep the parked keys in step with the database, say what was parked, and count poison in a row."""
        last = ""
        for row in aside:
            if row.reason is None:
                continue
            source, last = row.record.source, row.reason
            place = f"{source.lane}/{row.record.offset}"
            log.error("record_set_aside", service=service, place=place, reason=row.reason, detail=row.detail)
            if row.record.key:
                self._parked.setdefault(source, set()).add(row.record.key)
        most = 0
        for is_poison in poison:
            self._poison_in_a_row = self._poison_in_a_row + 1 if is_poison else 0
            most = max(most, self._poison_in_a_row)
        if most >= self._halt_after:
            raise Halted(
                f"{most} records in a row could not be handled, the last one for the reason {last}; "
                "nothing was lost: see `meekoppel dead-letters list`"
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
                with self._database.begin() as connection:
                    hold(connection, [claim])
                    parking.fail_again(connection, claim.service, row, *_why(error))
                return handled
            handled += 1
        if handled == len(rows):
            self._parked.get(claim.source, set()).discard(key)
        return handled

    def _settle(self, claim: Claim, row: ParkedRow, *, drop: bool) -> None:
        scope = FencedScope(self._database, self._clock, [claim], next_offsets={}, released=row)
        if drop:
            log.warning("record_dropped", service=claim.service, offset=row.aside.record.offset, why=row.aside.reason)
            with scope.commit():
                return
        self._apply([self._processor.decode(row.aside.record)], scope, claim.service)


def _why(error: Exception) -> tuple[str, str]:
    return (error.reason, error.detail) if isinstance(error, PoisonRecord) else ("failed", f"{error!r}")
