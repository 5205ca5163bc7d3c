"""A service on the log: FastStream reads batches, the handler does the work, the database holds the truth.

Two stages, one batch deep: while one batch is applied the next is read and decoded. It covers all partitions of the
worker and is stored in one transaction; what is to be published is sent from memory as soon as that is committed.

What FastStream and aiokafka do by default and what is done here instead stands in `docs/architecture.md`; the tests in
`tests/services/platform/stream/test_canaries.py` pin each behaviour that this file relies on or works around.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Any, Generic, TypeVar

import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from aiokafka.errors import IllegalStateError, KafkaError

from meekoppel_contracts.topics import answer_topic
from meekoppel_hub.platform.clock import Clock, utc_now
from meekoppel_hub.platform.database import Database
from meekoppel_hub.platform.errors import Fenced, Halted, TransientError
from meekoppel_hub.platform.kafka import ensure_topics
from meekoppel_hub.platform.stream.ahead import ReadAhead
from meekoppel_hub.platform.stream.batch import Part
from meekoppel_hub.platform.stream.claims import Claims
from meekoppel_hub.platform.stream.handling import BatchHandler, Handled, Outcome
from meekoppel_hub.platform.stream.held import Held
from meekoppel_hub.platform.stream.offsets import Claim, claim_partition
from meekoppel_hub.platform.stream.outbox import Stored
from meekoppel_hub.platform.stream.pace import Pace
from meekoppel_hub.platform.stream.processor import Processor
from meekoppel_hub.platform.stream.publish import OutboxPublisher
from meekoppel_hub.platform.stream.records import PartitionId
from meekoppel_hub.platform.stream.subscription import (
    ConsumerConfig,
    is_dead,
    outbox_producer,
    partition_of,
    records_of,
    source_of,
    subscribe,
)

log = structlog.get_logger(__name__)

Item = TypeVar("Item")

DRAIN_SECONDS = 20.0
LOOK_AGAIN_SECONDS = 5.0
CANCEL_AGAIN_SECONDS = 1.0
LITTLE = 200
WORK_BESIDES_SECONDS = 1.0


class StreamService(Generic[Item], ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka has no types
    """Runs one processor on the log until stopped.

    Args:
        config: what to read.
        processor: the service's own work.
        database: where its effects, outbox and offsets are stored together.
        clock: the time.
        after_commit: called in the event loop after each stored batch.
    """

    def __init__(
        self,
        config: ConsumerConfig,
        processor: Processor[Item],
        database: Database,
        *,
        clock: Clock = utc_now,
        after_commit: Callable[[], None] = lambda: None,
    ) -> None:
        self.config = config
        self.handled = 0
        self.set_aside = 0
        self.halted: str | None = None
        self.moved_at = time.monotonic()
        self._database = database
        self._clock = clock
        self._after_commit = after_commit
        self._handler = BatchHandler(processor, database, clock, config.halt_after, self._on_stored)
        self._ahead = ReadAhead(config.batch_records)
        self._working = asyncio.Lock()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._claims = Claims(
            config,
            lambda: self.consumer,
            self._claim,
            spawn=self._spawn,
            on_change=self._look_behind,
            halt=self._halt,
        )
        self._pace = Pace(config, lambda: self.consumer, self._claims)
        self._broker, self._subscriber = subscribe(config, self)
        self._subscriber(self._on_batch)
        self._producer: AIOKafkaProducer | None = None
        self.publisher: OutboxPublisher | None = None

    @property
    def held(self) -> dict[PartitionId, Held]:
        """The partitions that this worker holds now."""
        return self._claims.held

    @property
    def consumer(self) -> AIOKafkaConsumer:
        """The consumer; only while started."""
        consumer = self._subscriber.consumer
        assert consumer is not None, "start the service first"
        return consumer

    @property
    def detail(self) -> str:
        """What is wrong now, in words; empty when nothing is."""
        return self.halted or self._claims.trouble

    def lag(self) -> int:
        """Count the records that are in the log and not handled yet, as last asked."""
        return sum(held.behind for held in self.held.values())

    async def start(self) -> None:
        """Join the consumer group and begin."""
        self._loop = asyncio.get_running_loop()
        self._producer = outbox_producer(self.config.bootstrap)
        await self._producer.start()
        self.publisher = OutboxPublisher(
            self._database, self.config.service, self._lanes, self._producer, self._prepare_topics
        )
        self._spawn(self.publisher.run())
        self._spawn(self.publisher.tidy())
        self._spawn(self._apply_batches())
        await self._broker.start()

    async def stop(self) -> None:
        """Finish the batch at hand, leave the group, send nothing more. What waits in the outbox stays there."""
        self._claims.is_stopping = True
        self._ahead.take()  # whoever comes next reads it again
        try:
            async with asyncio.timeout(DRAIN_SECONDS), self._working:
                pass
        except TimeoutError:
            log.warning("stop_without_draining", service=self.config.service, seconds=DRAIN_SECONDS)
        while self._tasks:  # aiokafka swallows a cancellation that comes while it closes a client: ask again
            for task in self._tasks:
                task.cancel()
            await asyncio.wait(self._tasks, timeout=CANCEL_AGAIN_SECONDS)
        await self._broker.stop()
        if self._producer is not None:
            await self._producer.stop()
        if self.publisher is not None:
            await self.publisher.close()

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        """Take nothing new of these partitions, and wait, with a bound, for the batch at hand."""
        self._claims.revoked(revoked)
        try:
            async with asyncio.timeout(DRAIN_SECONDS), self._working:
                pass
        except TimeoutError:
            # What is still running can store nothing once another worker has claimed the partition: the epoch fences.
            log.warning("revoked_while_working", service=self.config.service, partitions=len(revoked))

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        """Claim the partitions and go to the stored offsets; nothing is read before that."""
        self._claims.assigned(assigned)

    async def release_parked(self) -> int:
        """Handle what operators released or dropped, a part of it at a time; gives the number of records handled."""
        asked = await asyncio.to_thread(self._handler.asked, self.config.service)
        count = 0
        for source in sorted(asked & self.held.keys(), key=lambda source: source.lane):
            async with self._working:
                held = self.held.get(source)
                if held is None:
                    continue
                try:
                    count += await asyncio.to_thread(self._handler.release, held.claim)
                except (TransientError, Fenced) as error:  # what it came to, stored or not, is read with the new claim
                    self._claims.back_off(held, error, time.monotonic())
        return count

    async def revive(self) -> None:
        """Begin with a new client where aiokafka's group coordination has died: it leaves such a client dead for good.

        Raises:
            KafkaError: when Kafka is away; asked again, it tries again.
        """
        if self._claims.is_stopping or self.halted is not None or not is_dead(self._subscriber):
            return
        log.error("client_died_begins_anew", service=self.config.service)
        self._claims.forget()
        self._ahead.take()  # the reading that waits behind it ends
        async with self._working:
            try:
                await self._subscriber.stop()
            except KafkaError as error:  # what it died of
                log.warning("dead_client_closed", service=self.config.service, error=repr(error))
            await self._subscriber.start()

    async def look_again(self) -> None:
        """Read on from the stored offset where the log goes on and nothing comes.

        A poll that failed may have lost what it had, and then nothing would come before the next record. Where nothing
        comes the second time either, there are no records: only the marks that a producer's transactions leave.
        """
        now = time.monotonic()
        for source, held in list(self.held.items()):
            partition = partition_of(source)
            if self.halted or self._working.locked() or partition not in self.consumer.assignment():
                continue
            waits = held.taken > held.next_offset  # for its turn
            if held.behind and not waits and not held.pausing and now - held.moved_at > LOOK_AGAIN_SECONDS:
                position = await self.consumer.position(partition)
                if position <= held.taken or held.taken > held.next_offset or self.held.get(source) is not held:
                    continue
                if held.looked_again == held.next_offset:
                    held.passed = position
                else:
                    held.looked_again = held.next_offset
                    self._claims.claim_again(held)

    async def refresh_end_offsets(self) -> None:
        """Ask Kafka where the log ends, for lag and for the watchdog.

        Raises:
            KafkaError: when the broker does not answer.
        """
        partitions = [partition_of(source) for source in self.held]
        if not partitions:
            return
        ends = await self.consumer.end_offsets(partitions)
        for partition, end in ends.items():
            held = self.held.get(source_of(partition))
            if held is not None:
                held.end_offset = end

    async def commit_to_kafka(self) -> None:
        """Tell Kafka how far we are, for the tools that look there; the truth stays in the database (rule 4)."""
        assigned = self.consumer.assignment()
        offsets = {
            partition: held.next_offset
            for source, held in self.held.items()
            if held.next_offset > held.told_kafka and (partition := partition_of(source)) in assigned
        }
        if not offsets:
            return
        try:
            await self.consumer.commit(offsets)
            for partition, offset in offsets.items():
                if (held_now := self.held.get(source_of(partition))) is not None:
                    held_now.told_kafka = offset
        except (KafkaError, IllegalStateError) as error:
            log.info("commit_to_kafka_failed", service=self.config.service, error=str(error))

    async def _prepare_topics(self, names: Collection[str]) -> None:
        await ensure_topics(self.config.bootstrap, [answer_topic(name) for name in names])

    def _lanes(self) -> Sequence[str]:
        return [source.lane for source in list(self.held)]

    def _spawn(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        """See that no task ends unseen: without the one that applies batches a service would stand still in silence."""
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._fail(error)

    def _claim(self, source: PartitionId) -> tuple[Claim, int]:
        owner = f"{self.config.service}-{self.config.instance}"
        claim, next_offset = claim_partition(self._database, self.config.service, source, owner, self._clock())
        self._handler.take_over(claim)
        return claim, next_offset

    def _look_behind(self) -> None:
        if self.publisher is not None:
            self.publisher.look_behind()

    def _on_stored(self, rows: Sequence[Stored]) -> None:
        """Give what was committed to the publisher; called in the worker thread, in the order of the commits."""
        if rows and self._loop is not None and self.publisher is not None:
            self._loop.call_soon_threadsafe(self.publisher.offer, rows)

    async def _on_batch(self, body: Sequence[ConsumerRecord]) -> None:
        """Take in what one poll gave. FastStream swallows what a handler raises, so nothing leaves here unseen."""
        polled_at = time.monotonic()
        try:
            resting = self._pace.rest() if len(body) < LITTLE else []
            taken: list[tuple[Held, Sequence[ConsumerRecord]]] = []
            for place, group in groupby(body, key=attrgetter("topic", "partition")):
                partition, rows = TopicPartition(*place), list(group)
                held = self.held.get(source_of(partition))
                # One that is not claimed (yet) is read again after the seek to the stored offset.
                if held is not None and self._claims.is_current(held) and self._continues(partition, held, rows):
                    taken.append((held, rows))
            if taken:
                parts = await asyncio.to_thread(self._decode, taken)
                await self._ahead.room_for(sum(len(rows) for _, rows in taken))
                self._take_in(parts)
            await self._pace.keep(resting, polled_at)
        except Exception as error:  # noqa: BLE001 - whatever it is, it must not end the task unseen
            self._fail(error)

    def _continues(self, partition: TopicPartition, held: Held, rows: Sequence[ConsumerRecord]) -> bool:
        """See that records begin where the last ones ended; else read again from there, once."""
        first = rows[0].offset
        if first < held.taken:
            # aiokafka begins anew by itself when its place is outside of the log: see where the log ends now.
            self._claims.claim_again(held)
            return False
        if first == held.taken or held.gap_checked == held.taken:
            if first != held.taken:
                log.error("gap_in_log", lane=held.claim.source.lane, expected=held.taken, found=first)
            return True
        held.gap_checked = held.taken
        self.consumer.seek(partition, held.taken)
        return False

    def _decode(self, taken: Sequence[tuple[Held, Sequence[ConsumerRecord]]]) -> list[tuple[Held, Part[Item]]]:
        return [(held, self._handler.decode(held.claim, records_of(held.claim.source, rows))) for held, rows in taken]

    def _take_in(self, parts: Sequence[tuple[Held, Part[Item]]]) -> None:
        for held, part in parts:
            if self._claims.is_current(held):  # else it is read again, by us or by another worker
                held.taken = part.next_offset
                self._ahead.add(held, part)

    async def _apply_batches(self) -> None:
        """Apply what was taken in, one batch after the other, until cancelled."""
        besides = self._handler.works_besides
        due_at = time.monotonic()
        while True:
            await self._ahead.filled(max(0.0, due_at - time.monotonic()) if besides else None)
            async with self._working:
                batch = [(held, part) for held, part in self._ahead.take() if self._claims.is_current(held)]
                if batch:
                    await self._apply(batch)
                if besides and time.monotonic() >= due_at:
                    more = await self._work_besides()
                    due_at = time.monotonic() + (0.0 if more else WORK_BESIDES_SECONDS)

    async def _work_besides(self) -> bool:
        claims = [held.claim for held in self.held.values() if self._claims.is_current(held)]
        if not claims or self.halted is not None:
            return False
        try:
            return await asyncio.to_thread(self._handler.work_besides, claims)
        except (TransientError, Fenced) as error:
            log.warning("work_besides_waits", service=self.config.service, why=str(error))
            self._look_behind()  # its commit may be there all the same
            return False
        except Exception as error:  # noqa: BLE001 - whatever it is, it must not end the task unseen
            self._fail(error)
            return False

    async def _apply(self, batch: Sequence[tuple[Held, Part[Item]]]) -> None:
        try:
            outcomes = await asyncio.to_thread(self._handler.handle, [part for _, part in batch])
        except Halted as error:
            self._halt(str(error))
        except Exception as error:  # noqa: BLE001 - whatever it is, it must not end the task unseen
            self._fail(error)
        else:
            for (held, _), outcome in zip(batch, outcomes, strict=True):
                self._conclude(held, outcome)
            self._after_commit()

    def _conclude(self, held: Held, outcome: Outcome) -> None:
        now = time.monotonic()
        if not isinstance(outcome, Handled):
            self._claims.back_off(held, outcome, now)
            return
        held.next_offset = outcome.next_offset
        held.end_offset = max(held.end_offset, outcome.next_offset)
        held.failures = 0
        held.moved_at = self.moved_at = now
        self.handled += outcome.handled
        self.set_aside += outcome.set_aside
        self._claims.trouble = ""

    def _fail(self, error: BaseException) -> None:
        log.error("consumer_failed", service=self.config.service, exc_info=error)
        self._halt(f"unexpected failure: {type(error).__name__}, see the log")

    def _halt(self, why: str) -> None:
        """Stop reading, say why, and stay: health and the dead letters remain readable."""
        self.halted = why
        self._claims.is_halted = True
        log.critical("service_halted", service=self.config.service, why=why)
        self.consumer.pause(*self.consumer.assignment())
