"""Read the log again, outside any consumer group: from any point, to any point, committing nothing.

The end of the log is taken once, at the start, so that reading ends. Points in time mean the first record that Kafka
stamped at or after that time, so that windows that touch neither overlap nor leave a gap. Partitions are merged by
Kafka's timestamp; within a partition the log's own order holds.
"""

from __future__ import annotations

import asyncio
import heapq
import re
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from meekoppel_hub.platform.errors import SettingsError, TransientError
from meekoppel_hub.platform.kafka.fetched import read_any_record
from meekoppel_hub.platform.stream.records import LogRecord, PartitionId

# A partition that is this far ahead of the slowest is not fetched until the others have caught up.
_MOST_AHEAD = 5_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_POLL_MS = 200
_STALL_SECONDS = 60.0
_MAX_FETCH_BYTES = 2 * 1024 * 1024

read_any_record()
_PLACE = re.compile(r"(?P<topic>[A-Za-z0-9._-]{1,249})/(?P<partition>[0-9]{1,9}):(?P<offset>[0-9]{1,18})")


@dataclass(frozen=True, slots=True)
class Cursor:
    """A point in the log: the next offset per partition. As text: `plans/0:120,plans/1:98`."""

    offsets: Mapping[PartitionId, int]

    @classmethod
    def parse(cls, text: str) -> Cursor:
        """Read a cursor as it is written.

        Raises:
            SettingsError: when it is not one.
        """
        offsets = {}
        for part in text.split(","):
            place = _PLACE.fullmatch(part.strip())
            if place is None:
                raise SettingsError(
                    f"{part.strip()!r} is no place in the log; write topic/partition:offset, as plans/0:120"
                )
            offsets[PartitionId(place["topic"], int(place["partition"]))] = int(place["offset"])
        return cls(offsets)

    def __str__(self) -> str:
        """Write the cursor, partitions in order."""
        places = sorted(self.offsets, key=lambda source: (source.topic, source.partition))
        return ",".join(f"{source.lane}:{self.offsets[source]}" for source in places)


Start = datetime | Cursor | None


@dataclass(frozen=True, slots=True)
class Window:
    """What is to be read: per partition the first offset and the offset at which to stop.

    Attributes:
        offsets: per partition from (included) and to (excluded).
        unnamed: partitions of the topics that a cursor did not name; they are read from their beginning.
    """

    offsets: Mapping[PartitionId, tuple[int, int]]
    unnamed: tuple[PartitionId, ...] = ()

    @property
    def size(self) -> int:
        """Count the offsets in the window: at least as many as there are records."""
        return sum(max(0, stop - start) for start, stop in self.offsets.values())

    @property
    def end(self) -> Cursor:
        """Give the point behind the window, from which the next one goes on."""
        return Cursor({source: max(start, stop) for source, (start, stop) in self.offsets.items()})


@dataclass(slots=True)
class _Lane:
    """One partition being read.

    Attributes:
        source: the partition.
        stop: the offset at which reading ends.
        position: the offset up to which everything was fetched.
        waiting: fetched records that are not given out yet.
    """

    source: PartitionId
    stop: int
    position: int
    waiting: deque[LogRecord] = field(default_factory=deque)

    @property
    def needed(self) -> bool:
        """Whether the merge cannot go on without a fetch from this partition."""
        return not self.waiting and self.position < self.stop


async def read_log(
    bootstrap: str,
    topics: Sequence[str],
    start: Start = None,
    end: datetime | None = None,
    *,
    on_window: Callable[[Window], None] | None = None,
) -> AsyncGenerator[LogRecord]:
    """Give the records of these topics, partitions merged by (timestamp, partition, topic, offset).

    Args:
        bootstrap: `host:port,…` of the cluster.
        topics: the topics, all of which must exist.
        start: None for everything, a time (aware), or a cursor. Partitions that a cursor does not name are read
            from their beginning.
        end: a time (aware) at which to stop; None for the end of the log as it is now.
        on_window: is told what will be read, before the first record.

    Raises:
        SettingsError: when a topic is missing, or a cursor names what the log does not hold.
        TransientError: when the cluster is away, or gives nothing for a minute.
    """
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="none",
        max_partition_fetch_bytes=_MAX_FETCH_BYTES,
    )
    try:
        partitions = await _partitions_of(bootstrap, topics)
        await consumer.start()
        window = await _find_window(consumer, partitions, start, end)
        if on_window is not None:
            on_window(window)
        async with aclosing(_merge(consumer, window)) as records:
            async for record in records:
                yield record
    except KafkaError as error:
        raise TransientError(f"the log cannot be read from {bootstrap}: {error!r}") from error
    finally:
        await consumer.stop()


async def _find_window(
    consumer: AIOKafkaConsumer, partitions: Sequence[TopicPartition], start: Start, end: datetime | None
) -> Window:
    first = await consumer.beginning_offsets(partitions)
    last = await consumer.end_offsets(partitions)
    stop = last if end is None else await _offsets_at(consumer, partitions, end, last)
    if isinstance(start, Cursor):
        begin, unnamed = _from_cursor(start, first, last)
    else:
        begin = first if start is None else await _offsets_at(consumer, partitions, start, last)
        unnamed = ()
    return Window({_named(place): (begin[place], stop[place]) for place in partitions}, unnamed)


async def _partitions_of(bootstrap: str, topics: Sequence[str]) -> list[TopicPartition]:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        await admin.start()
        known = set(await admin.list_topics())
        missing = [topic for topic in topics if topic not in known]
        if missing:
            raise SettingsError(f"topic {missing[0]!r} does not exist on {bootstrap}; start the hub once to make it")
        described = await admin.describe_topics(list(topics))
    finally:
        await admin.close()
    return sorted(
        TopicPartition(topic["topic"], partition["partition"])
        for topic in described
        for partition in topic["partitions"]
    )


async def _offsets_at(
    consumer: AIOKafkaConsumer,
    partitions: Iterable[TopicPartition],
    moment: datetime,
    last: Mapping[TopicPartition, int],
) -> dict[TopicPartition, int]:
    """Find per partition the first record at or after a time; the end of the log where there is none."""
    if moment.tzinfo is None:
        raise SettingsError(f"the time {moment.isoformat()} has no zone; write it as 2026-11-23T17:00:00Z")
    timestamp_ms = max(0, -((_EPOCH - moment) // timedelta(milliseconds=1)))
    found = await consumer.offsets_for_times(dict.fromkeys(partitions, timestamp_ms))
    return {place: last[place] if at is None else min(at.offset, last[place]) for place, at in found.items()}


def _from_cursor(
    cursor: Cursor, first: Mapping[TopicPartition, int], last: Mapping[TopicPartition, int]
) -> tuple[dict[TopicPartition, int], tuple[PartitionId, ...]]:
    asked = {TopicPartition(source.topic, source.partition): offset for source, offset in cursor.offsets.items()}
    for place, offset in asked.items():
        if place not in first:
            raise SettingsError(f"the cursor names {place.topic}/{place.partition}, which is not among what is read")
        if not first[place] <= offset <= last[place]:
            raise SettingsError(
                f"the cursor names offset {offset} of {place.topic}/{place.partition}; "
                f"the log holds {first[place]} to {last[place]}"
            )
    unnamed = tuple(_named(place) for place in first if place not in asked)
    return {place: asked.get(place, offset) for place, offset in first.items()}, unnamed


async def _merge(consumer: AIOKafkaConsumer, window: Window) -> AsyncGenerator[LogRecord]:
    lanes = {source: _Lane(source, stop, start) for source, (start, stop) in window.offsets.items() if start < stop}
    consumer.assign([_place(source) for source in lanes])
    for lane in lanes.values():
        consumer.seek(_place(lane.source), lane.position)
    await _fill(consumer, lanes)
    heads = [_order(lane.waiting[0]) for lane in lanes.values() if lane.waiting]
    heapq.heapify(heads)
    while heads:
        _, partition, topic, _ = heads[0]
        lane = lanes[PartitionId(topic, partition)]
        yield lane.waiting.popleft()
        if lane.needed:
            await _fill(consumer, lanes)
        if lane.waiting:
            heapq.heapreplace(heads, _order(lane.waiting[0]))
        else:
            heapq.heappop(heads)


def _order(record: LogRecord) -> tuple[int, int, str, int]:
    return record.timestamp_ms, record.source.partition, record.source.topic, record.offset


async def _fill(consumer: AIOKafkaConsumer, lanes: Mapping[PartitionId, _Lane]) -> None:
    """Fetch until every partition that is not at its end has a record waiting."""
    moved_at = time.monotonic()
    while any(lane.needed for lane in lanes.values()):
        _hold_back(consumer, lanes)
        batches: dict[TopicPartition, list[ConsumerRecord]] = await consumer.getmany(timeout_ms=_POLL_MS)
        before = sum(lane.position for lane in lanes.values())
        for place, records in batches.items():
            lane = lanes[_named(place)]
            lane.waiting.extend(_log_record(record) for record in records if record.offset < lane.stop)
        for lane in lanes.values():
            # The position also passes what is no record: markers of transactions, gaps.
            lane.position = await consumer.position(_place(lane.source))
        if sum(lane.position for lane in lanes.values()) > before:
            moved_at = time.monotonic()
        elif time.monotonic() - moved_at > _STALL_SECONDS:
            raise TransientError(f"Kafka gave nothing for {_STALL_SECONDS:.0f} s although the log goes on")
        await asyncio.sleep(0)


def _hold_back(consumer: AIOKafkaConsumer, lanes: Mapping[PartitionId, _Lane]) -> None:
    """Fetch where the merge waits; leave alone what is far ahead or done, so that memory stays bounded."""
    paused = consumer.paused()
    for lane in lanes.values():
        place = _place(lane.source)
        enough = lane.position >= lane.stop or len(lane.waiting) >= _MOST_AHEAD
        if enough and place not in paused:
            consumer.pause(place)
        elif not enough and place in paused:
            consumer.resume(place)


def _named(place: TopicPartition) -> PartitionId:
    return PartitionId(place.topic, place.partition)


def _place(source: PartitionId) -> TopicPartition:
    return TopicPartition(source.topic, source.partition)


def _log_record(record: ConsumerRecord) -> LogRecord:
    return LogRecord(
        source=PartitionId(record.topic, record.partition),
        offset=record.offset,
        timestamp_ms=record.timestamp,
        key=record.key,
        value=record.value,
        headers=tuple((name, value) for name, value in record.headers),
    )
