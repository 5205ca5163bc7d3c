"""What the tests of history share: topics of their own on a real broker, and events put where a test wants them."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from aiokafka import AIOKafkaProducer

from meekoppel_contracts.codec import encode_plan_event
from meekoppel_contracts.events import PlanEvent
from meekoppel_contracts.headers import plan_event_headers
from meekoppel_contracts.topics import FOR_EVER, TopicSpec
from meekoppel_hub.platform.kafka import ensure_topics
from meekoppel_hub.platform.stream.read import Window, read_log
from meekoppel_hub.platform.stream.records import Headers, LogRecord, PartitionId
from meekoppel_hub.testing.plan_events import plan_event

BEGIN = datetime(2026, 11, 1, tzinfo=UTC)
PARTITIONS = 3


def minute(number: float) -> datetime:
    return BEGIN + timedelta(minutes=number)


def make_record(event: PlanEvent, offset: int = 0, partition: int = 0, topic: str = "plans") -> LogRecord:
    """A record of the log as the hub writes it, without a broker."""
    return LogRecord(
        source=PartitionId(topic, partition),
        offset=offset,
        timestamp_ms=int(minute(offset).timestamp() * 1000),
        key=event.plan.plan_id.encode(),
        value=encode_plan_event(event),
        headers=tuple(plan_event_headers(event, time=BEGIN).to_kafka()),
    )


@dataclass
class Log:
    """A topic of its own on the real broker."""

    bootstrap: str
    producer: AIOKafkaProducer
    topics: list[str]
    windows: list[Window] = field(default_factory=list)

    async def put(self, event: PlanEvent, at: float, partition: int = 0, topic: int = 0) -> None:
        """Write an event with Kafka's timestamp at this minute."""
        record = make_record(event)
        await self.raw(record.value, at, partition, record.headers, topic)

    async def raw(
        self, value: bytes | None, at: float, partition: int = 0, headers: Headers = (), topic: int = 0
    ) -> None:
        await self.producer.send_and_wait(
            self.topics[topic],
            value,
            key=b"key",
            partition=partition,
            timestamp_ms=int(minute(at).timestamp() * 1000),
            headers=list(headers),
        )

    async def read(self, start=None, end=None) -> list[LogRecord]:
        window = self.windows.append
        return [record async for record in read_log(self.bootstrap, self.topics, start, end, on_window=window)]

    async def places(self, start=None, end=None) -> list[tuple[int, int]]:
        return [(record.source.partition, record.offset) for record in await self.read(start, end)]


@pytest.fixture
async def log(kafka_bootstrap: str) -> AsyncIterator[Log]:
    topics = [f"log-{uuid.uuid4().hex[:10]}{suffix}" for suffix in ("", "-restricted")]
    await ensure_topics(kafka_bootstrap, [TopicSpec(name, PARTITIONS, FOR_EVER) for name in topics])
    producer = AIOKafkaProducer(bootstrap_servers=kafka_bootstrap)
    await producer.start()
    yield Log(kafka_bootstrap, producer, topics)
    await producer.stop()


@pytest.fixture
def record() -> Callable[..., LogRecord]:
    return make_record


@pytest.fixture
def event() -> Callable[..., PlanEvent]:
    return plan_event
