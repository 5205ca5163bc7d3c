"""What FastStream is asked for: one batch subscriber that acknowledges nothing and touches nothing.

Each option is there against a default that loses data; `docs/architecture.md`, "Pitfalls", says which.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from aiokafka import AIOKafkaProducer, ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from faststream import AckPolicy
from faststream.kafka import KafkaBroker
from faststream.kafka.message import FAKE_CONSUMER, KafkaMessage
from faststream.kafka.schemas import Topic
from faststream.kafka.subscriber.usecase import BatchSubscriber

from meekoppel_hub.platform.kafka.fetched import read_any_record
from meekoppel_hub.platform.stream.records import LogRecord, PartitionId

GRACEFUL_SECONDS = 20.0
COMPRESSION = "lz4"
# A partition fills a batch by itself in one fetch.
FETCH_BYTES = 4 * 1024 * 1024
# One fetch is under way at a time; a partition that is not part of it (its records had not been taken) waits so long.
FETCH_WAIT_MS = 250
LARGEST_REQUEST_BYTES = 4 * 1024 * 1024

read_any_record()


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumerConfig:
    """What a service reads and how.

    Attributes:
        service: its name; also the consumer group `meekoppel.<service>`.
        bootstrap: Kafka, `host:port,…`.
        topics: the topics, when they are known.
        pattern: else a regular expression that is anchored here at both ends.
        instance: tells workers of one service apart; static group membership, so a restart takes over at once.
        batch_records: at most so many records in one batch. Without lag a batch is what came while the one before it
            was handled: one record, handled at once, when it is quiet.
        poll_ms: how long one poll waits; an empty poll waits as long again (FastStream).
        pace_ms: how long after a poll that gave little the next one follows, so that what comes meanwhile comes
            together; longer with hundreds of partitions. What was polled is handled at once; with lag, and after an
            empty poll, nothing waits.
        halt_after: so many poison records in a row halt the service.
        metadata_seconds: after how long a new topic of the pattern is seen.
        session_seconds: after how long a worker that is gone for good leaves its partitions to the others.
    """

    service: str
    bootstrap: str
    topics: tuple[str, ...] = ()
    pattern: str | None = None
    instance: str = "1"
    batch_records: int = 4_000
    poll_ms: int = 10
    pace_ms: int = 20
    halt_after: int = 50
    metadata_seconds: float = 5.0
    session_seconds: float = 30.0


def subscribe(config: ConsumerConfig, listener: ConsumerRebalanceListener) -> tuple[KafkaBroker, BatchSubscriber]:
    """Declare the broker and its one subscriber; neither is started.

    Args:
        config: what to read and how.
        listener: told when partitions come and go.
    """
    broker = KafkaBroker(
        config.bootstrap,
        client_id=f"meekoppel-{config.service}-{config.instance}",
        apply_types=False,
        allow_auto_create_topics=False,
        metadata_max_age_ms=int(config.metadata_seconds * 1000),
        graceful_timeout=GRACEFUL_SECONDS,
        logger=logging.getLogger("meekoppel.faststream"),
        log_level=logging.DEBUG,  # of its two lines per batch; failures keep their own level
    )
    subscriber = broker.subscriber(
        *(Topic(name, declare=False) for name in config.topics),
        pattern=None if config.pattern is None else f"^(?:{config.pattern})$",
        batch=True,
        group_id=f"meekoppel.{config.service}",
        group_instance_id=f"{config.service}-{config.instance}",
        auto_offset_reset="earliest",
        ack_policy=AckPolicy.MANUAL,
        isolation_level="read_committed",  # what an organisation's producer took back was never sent
        session_timeout_ms=int(config.session_seconds * 1000),
        heartbeat_interval_ms=int(config.session_seconds * 100),
        rebalance_timeout_ms=int(config.session_seconds * 1000),
        max_records=config.batch_records,
        max_partition_fetch_bytes=FETCH_BYTES,
        fetch_max_wait_ms=FETCH_WAIT_MS,
        batch_timeout_ms=config.poll_ms,
        listener=listener,
        parser=_leave_as_it_is,
        decoder=_records_of,
        no_reply=True,
        include_in_schema=False,
    )
    assert_manual_only(broker)
    return broker, subscriber


def outbox_producer(bootstrap: str) -> AIOKafkaProducer:
    """Make the producer of an outbox: idempotent, acknowledged by all replicas; not started."""
    return AIOKafkaProducer(
        bootstrap_servers=bootstrap,
        enable_idempotence=True,
        acks="all",
        compression_type=COMPRESSION,
        linger_ms=0,  # what waits while a request is under way goes with the next one
        max_request_size=LARGEST_REQUEST_BYTES,
    )


def assert_manual_only(broker: KafkaBroker) -> None:
    """Refuse to start when a subscriber would acknowledge by itself (pitfall 1)."""
    for subscriber in broker.subscribers:
        if subscriber.ack_policy is not AckPolicy.MANUAL:
            raise AssertionError(f"{subscriber} has {subscriber.ack_policy}: only AckPolicy.MANUAL loses nothing")


def records_of(source: PartitionId, rows: Sequence[ConsumerRecord]) -> list[LogRecord]:
    """Take records of one partition over as they came, nothing decoded."""
    return [LogRecord(source, row.offset, row.timestamp, row.key, row.value, tuple(row.headers)) for row in rows]


def is_dead(subscriber: BatchSubscriber) -> bool:
    """Tell whether a client's group coordination has died, or a revival did not get to the end."""
    if subscriber.consumer is None:
        return True
    task = getattr(subscriber.consumer._coordinator, "_coordination_task", None)
    return task is not None and bool(task.done())


def source_of(partition: TopicPartition) -> PartitionId:
    """Name a partition as the hub does."""
    return PartitionId(partition.topic, partition.partition)


def partition_of(source: PartitionId) -> TopicPartition:
    """Name a partition as the client does."""
    return TopicPartition(source.topic, source.partition)


async def _leave_as_it_is(message: tuple[ConsumerRecord, ...]) -> KafkaMessage:
    """Wrap a batch without touching it: FastStream's own parser raises on a header that is not UTF-8 (pitfall 3)."""
    return KafkaMessage(body=message, raw_message=message, headers={}, batch_headers=[], consumer=FAKE_CONSUMER)


async def _records_of(message: KafkaMessage) -> tuple[ConsumerRecord, ...]:
    records: tuple[ConsumerRecord, ...] = message.raw_message
    return records
