"""A service on the log: FastStream reads batches, the handler does the work, the database holds the truth.

What FastStream and aiokafka do by default and what is done here instead stands in `docs/architecture.md`; the tests in
`tests/services/platform/stream/test_canaries.py` pin each behaviour that this file relies on or works around.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Collection, Sequence
from itertools import groupby
from typing import Any, Generic, TypeVar

import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from aiokafka.errors import IllegalStateError, KafkaError

from meekoppel_contracts.topics import answer_topic
from meekoppel_hub.platform.clock import Clock, utc_now
from meekoppel_hub.platform.database import Database
from meekoppel_hub.platform.errors import Fenced, Halted, TransientError
from meekoppel_hub.platform.kafka import ensure_topics
from meekoppel_hub.platform.stream.handling import BatchHandler, Handled
from meekoppel_hub.platform.stream.held import Held
from meekoppel_hub.platform.stream.offsets import Claim, claim_partition
from meekoppel_hub.platform.stream.outbox import OutboxPublisher
from meekoppel_hub.platform.stream.processor import Processor
from meekoppel_hub.platform.stream.records import PartitionId
from meekoppel_hub.platform.stream.subscription import (
    ConsumerConfig,
    outbox_producer,
    record_of,
    source_of,
    subscribe,
)

log = structlog.get_logger(__name__)

Item = TypeVar("Item")

LONGEST_BACK_OFF_SECONDS = 30.0
DRAIN_SECONDS = 20.0
LOOK_AGAIN_SECONDS = 5.0
CANCEL_AGAIN_SECONDS = 1.0


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
        self.detail = ""
        self.halted: str | None = None
        self.moved_at = time.monotonic()
        self._database = database
        self._clock = clock
        self._after_commit = after_commit
        self._handler = BatchHandler(processor, database, clock, config.halt_after)
        self._held: dict[PartitionId, Held] = {}
        self._working = asyncio.Lock()
        self._assignment = 0  # rises with each rebalance: what was begun under an older one is given up
        self._stopping = False
        self._tasks: set[asyncio.Task[Any]] = set()
        self._broker, self._subscriber = subscribe(config, self)
        self._subscriber(self._on_batch)
        self._producer: AIOKafkaProducer | None = None
        self.publisher: OutboxPublisher | None = None

    @property
    def held(self) -> dict[PartitionId, Held]:
        """The partitions that this worker holds now."""
        return self._held

    @property
    def consumer(self) -> AIOKafkaConsumer:
        """The consumer; only while started."""
        consumer = self._subscriber.consumer
        assert consumer is not None, "start the service first"
        return consumer

    def lag(self) -> int:
        """Count the records that are in the log and not handled yet, as last asked."""
        return sum(held.behind for held in self._held.values())

    async def start(self) -> None:
        """Join the consumer group and begin."""
        self._producer = outbox_producer(self.config.bootstrap)
        await self._producer.start()
        self.publisher = OutboxPublisher(
            self._database, self.config.service, self._lanes, self._producer, self._prepare_topics
        )
        self._spawn(self.publisher.run())
        await self._broker.start()

    async def stop(self) -> None:
        """Finish the batch at hand, leave the group, send nothing more. What waits in the outbox stays there."""
        self._stopping = True
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

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        """Take nothing new of these partitions, and wait, with a bound, for the batch at hand."""
        self._assignment += 1
        for partition in revoked:
            self._held.pop(source_of(partition), None)
        try:
            async with asyncio.timeout(DRAIN_SECONDS), self._working:
                pass
        except TimeoutError:
            # What is still running can store nothing once another worker has claimed the partition: the epoch fences.
            log.warning("revoked_while_working", service=self.config.service, partitions=len(revoked))

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        """Claim the partitions and go to the stored offsets; nothing is read before that."""
        self.consumer.pause(*assigned)
        for partition in sorted(assigned):
            self._spawn(self._take_over(partition, self._assignment))

    async def release_parked(self) -> int:
        """Handle what operators released or dropped, a part of it at a time; gives the number of records handled."""
        count = 0
        async with self._working:
            for source, held in list(self._held.items()):
                try:
                    count += await asyncio.to_thread(self._handler.release, held.claim)
                except Fenced as error:  # the next batch finds the same, and claims again
                    log.warning("fenced", service=self.config.service, lane=source.lane, error=str(error))
        if count and self.publisher is not None:
            self.publisher.wake()
        return count

    async def revive(self) -> None:
        """Begin with a new client where aiokafka's group coordination has died: it leaves such a client dead for good.

        Raises:
            KafkaError: when Kafka is away; asked again, it tries again.
        """
        if self._stopping or self.halted is not None or not self._is_dead():
            return
        log.error("client_died_begins_anew", service=self.config.service)
        self._assignment += 1
        self._held.clear()
        async with self._working:
            try:
                await self._subscriber.stop()
            except KafkaError as error:  # what it died of
                log.warning("dead_client_closed", service=self.config.service, error=repr(error))
            await self._subscriber.start()

    def _is_dead(self) -> bool:
        consumer = self._subscriber.consumer
        if consumer is None:  # an earlier revival that did not get to the end
            return True
        task = getattr(consumer._coordinator, "_coordination_task", None)
        return task is not None and task.done()

    async def look_again(self) -> None:
        """Read on from the stored offset where the log goes on and nothing comes.

        A poll that failed may have lost what it had, and then nothing would come before the next record. Where nothing
        comes the second time either, there are no records: only the marks that a producer's transactions leave.
        """
        now = time.monotonic()
        for source, held in list(self._held.items()):
            partition = TopicPartition(source.topic, source.partition)
            if self.halted or self._working.locked() or partition not in self.consumer.assignment():
                continue
            if held.behind and not held.pausing and now - held.moved_at > LOOK_AGAIN_SECONDS:
                position = await self.consumer.position(partition)
                if position <= held.next_offset or self._held.get(source) is not held:
                    continue
                if held.looked_again == held.next_offset:
                    held.passed = position
                else:
                    held.looked_again = held.next_offset
                    self._claim_again(partition, held)

    async def refresh_end_offsets(self) -> None:
        """Ask Kafka where the log ends, for lag and for the watchdog.

        Raises:
            KafkaError: when the broker does not answer.
        """
        partitions = [TopicPartition(source.topic, source.partition) for source in self._held]
        if not partitions:
            return
        ends = await self.consumer.end_offsets(partitions)
        for partition, end in ends.items():
            held = self._held.get(source_of(partition))
            if held is not None:
                held.end_offset = end

    async def commit_to_kafka(self) -> None:
        """Tell Kafka how far we are, for the tools that look there; the truth stays in the database (rule 4)."""
        assigned = self.consumer.assignment()
        offsets = {
            partition: held.next_offset
            for source, held in self._held.items()
            if (partition := TopicPartition(source.topic, source.partition)) in assigned and held.next_offset > 0
        }
        if not offsets:
            return
        try:
            await self.consumer.commit(offsets)
        except (KafkaError, IllegalStateError) as error:
            log.info("commit_to_kafka_failed", service=self.config.service, error=str(error))

    async def _prepare_topics(self, names: Collection[str]) -> None:
        await ensure_topics(self.config.bootstrap, [answer_topic(name) for name in names])

    def _lanes(self) -> Sequence[str]:
        return [source.lane for source in list(self._held)]

    def _spawn(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _take_over(self, partition: TopicPartition, assignment: int, former: Held | None = None) -> None:
        """Claim one partition, trying until the database answers, then read on from the stored offset.

        A rebalance in the meantime ends it: whoever has the partition then has claimed it, and must not be fenced.
        """
        source = source_of(partition)
        failures = 0
        while assignment == self._assignment and not self._stopping:
            try:
                claim, next_offset = await asyncio.to_thread(self._claim, source)
                end = (await self.consumer.end_offsets([partition]))[partition]
            except (TransientError, KafkaError) as error:
                failures += 1
                self.detail = f"cannot take over {source.lane}: {error}"
                await asyncio.sleep(_pause_seconds(failures))
            except Exception as error:
                log.exception("take_over_failed", service=self.config.service, lane=source.lane)
                self._halt(f"cannot take over {source.lane}: {type(error).__name__}, see the log")
                return
            else:
                if assignment == self._assignment and partition in self.consumer.assignment():
                    self._read_on(partition, Held(claim, next_offset, end_offset=end), former)
                return

    def _read_on(self, partition: TopicPartition, held: Held, former: Held | None) -> None:
        """Begin to read a partition that was claimed; `former` is what was held of it before a pause."""
        source = held.claim.source
        if held.next_offset > held.end_offset:
            self._halt(self._cut(held))
            return
        if former is not None:
            held.failures, held.moved_at, held.looked_again = former.failures, former.moved_at, former.looked_again
        self.consumer.seek(partition, held.next_offset)
        self._held[source] = held
        self.detail = ""
        if self.halted is None:
            self.consumer.resume(partition)
        if self.publisher is not None:
            self.publisher.wake()

    def _claim_again(self, partition: TopicPartition, held: Held) -> None:
        """Take nothing more of a partition that is held until it is claimed again."""
        del self._held[held.claim.source]
        self.consumer.pause(partition)
        self._spawn(self._take_over(partition, self._assignment, held))

    def _cut(self, held: Held) -> str:
        return (
            f"{held.claim.source.lane} does not reach offset {held.next_offset} any more, up to which "
            f"{self.config.service} had read: the log was cut or replaced. Bring back Kafka's data, or start with an "
            f"empty data folder and rebuild"
        )

    def _claim(self, source: PartitionId) -> tuple[Claim, int]:
        owner = f"{self.config.service}-{self.config.instance}"
        claim, next_offset = claim_partition(self._database, self.config.service, source, owner, self._clock())
        self._handler.take_over(claim)
        return claim, next_offset

    async def _on_batch(self, body: Sequence[ConsumerRecord]) -> None:
        """Handle what one poll gave. FastStream swallows what a handler raises, so nothing leaves here unseen."""
        try:
            async with self._working:
                for partition, group in groupby(
                    body, key=lambda record: TopicPartition(record.topic, record.partition)
                ):
                    await self._handle_partition(partition, list(group))
        except Exception as error:
            log.exception("consumer_failed", service=self.config.service)
            self._halt(f"unexpected failure: {type(error).__name__}, see the log")

    async def _handle_partition(self, partition: TopicPartition, rows: Sequence[ConsumerRecord]) -> None:
        source = source_of(partition)
        held = self._held.get(source)
        if held is None or held.pausing or self._stopping or self.halted is not None:
            return  # not claimed (yet): it is read again after the seek to the stored offset
        if rows[0].offset < held.next_offset:
            # aiokafka begins anew by itself when its place is outside of the log: see where the log ends now.
            self._claim_again(partition, held)
            return
        if not self._continues(partition, held, rows[0].offset):
            return
        try:
            handled = await asyncio.to_thread(self._handler.handle, held.claim, [record_of(row) for row in rows])
        except (TransientError, Fenced) as error:
            self._back_off(partition, held, error)
        except Halted as error:
            self._halt(str(error))
        else:
            self._moved_on(held, handled)

    def _continues(self, partition: TopicPartition, held: Held, first_offset: int) -> bool:
        """See that a batch begins where the last one ended; else read again from there, once."""
        if first_offset == held.next_offset or held.gap_checked == held.next_offset:
            if first_offset != held.next_offset:
                log.error("gap_in_log", lane=held.claim.source.lane, expected=held.next_offset, found=first_offset)
            return True
        held.gap_checked = held.next_offset
        self.consumer.seek(partition, held.next_offset)
        return False

    def _moved_on(self, held: Held, handled: Handled) -> None:
        held.next_offset = handled.next_offset
        held.end_offset = max(held.end_offset, handled.next_offset)
        held.failures = 0
        held.moved_at = self.moved_at = time.monotonic()
        self.handled += handled.handled
        self.set_aside += handled.set_aside
        self.detail = ""
        if self.publisher is not None:
            self.publisher.wake()
        self._after_commit()

    def _back_off(self, partition: TopicPartition, held: Held, error: TransientError | Fenced) -> None:
        """Pause the partition, and go on later where the database says that it stopped.

        The same when another worker claimed it although we were not told that we lost it. One of the two is told at
        its next heartbeat; the other claims it again, so that the partition is never left to nobody.
        """
        if self._held.get(held.claim.source) is not held:
            return  # assigned anew, or to another worker, in the meantime
        held.failures += 1
        held.moved_at = time.monotonic()
        fenced = isinstance(error, Fenced)
        pause = self.config.session_seconds / 5 if fenced else _pause_seconds(held.failures)
        self.detail = f"{held.claim.source.lane} waits {pause:.1f} s: {error}"
        log.warning("partition_waits", service=self.config.service, seconds=round(pause, 1), error=str(error))
        if partition in self.consumer.assignment():
            self.consumer.pause(partition)
            held.pausing = True
            self._spawn(self._resume(partition, held, pause))

    async def _resume(self, partition: TopicPartition, held: Held, pause: float) -> None:
        await asyncio.sleep(pause)
        if self._held.get(held.claim.source) is held:  # else assigned anew, or to another worker, in the meantime
            await self._take_over(partition, self._assignment, held)

    def _halt(self, why: str) -> None:
        """Stop reading, say why, and stay: health and the dead letters remain readable."""
        self.halted = self.detail = why
        log.critical("service_halted", service=self.config.service, why=why)
        self.consumer.pause(*self.consumer.assignment())


def _pause_seconds(failures: int) -> float:
    return min(LONGEST_BACK_OFF_SECONDS, 0.25 * 2.0 ** min(failures, 8)) * random.uniform(0.5, 1.0)  # noqa: S311
