"""Publish the outbox to the organisation's inbox topic; an event leaves it when the broker has acknowledged it.

Each attempt has a producer and an event loop of its own. An idempotent aiokafka producer retries a sent batch for
ever when the broker goes away, and cannot be closed until it gets through; so an attempt is bounded here, ended with
its loop, and the next one sends again, in order, what is still in the outbox. The broker may then hold an event twice,
with the same number; intake takes it once.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    KafkaError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
    TopicAuthorizationFailedError,
)

from meekoppel_connectors.config import KafkaConfig
from meekoppel_connectors.errors import BrokerError
from meekoppel_connectors.outbox import Outbox, OutboxRecord
from meekoppel_contracts.ids import OrgCode
from meekoppel_contracts.topics import inbox

BATCH = 500
_TOPIC_LOOKUPS = 4
_TOPIC_LOOKUP_SECONDS = 0.5
_CLOSE_SECONDS = 3.0

Headers = list[tuple[str, bytes]]
Published = Callable[[int], None]
"""Is told after each acknowledged batch how many events were published so far."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to try when the broker is away.

    Attributes:
        attempts: without any progress, before giving up.
        first_delay_seconds: before the second attempt; doubled after each, with jitter.
        longest_delay_seconds: between two attempts.
        answer_seconds: how long a connection, or the acknowledgement of one batch, may take.
        longest_wait_seconds: for a source that asks to wait; when it asks for more, the run ends and says so.
    """

    attempts: int = 5
    first_delay_seconds: float = 0.5
    longest_delay_seconds: float = 8.0
    answer_seconds: float = 15.0
    longest_wait_seconds: float = 120.0

    def delay_seconds(self, failures: int) -> float:
        """Say how long to wait after this many failures in a row: between half and all of the doubled delay."""
        longest = min(self.longest_delay_seconds, self.first_delay_seconds * 2.0 ** (failures - 1))
        return longest * random.uniform(0.5, 1.0)  # noqa: S311 - jitter, not a secret


def publish_outbox(
    kafka: KafkaConfig,
    organisation: OrgCode,
    outbox: Outbox,
    *,
    patience: Patience,
    published: Published = lambda _count: None,
) -> int:
    """Publish what waits, in order, and give how many events the broker acknowledged; blocks until done.

    Asks nothing of the broker when nothing waits. Must not be called from a running event loop.

    Args:
        kafka: how to reach the broker.
        organisation: the publisher, whose inbox topic is written.
        outbox: the events; each is let go once it is acknowledged.
        patience: how long to try when the broker is away.
        published: is told of progress.

    Raises:
        BrokerError: when the broker is away for too long or refuses; what was not acknowledged stays, in order.
    """
    courier = _Courier(kafka, organisation, outbox, patience, published)
    failures = 0
    while outbox.waiting():
        before = courier.sent
        try:
            asyncio.run(courier.deliver())
        except (KafkaError, OSError, TimeoutError) as error:
            _refuse_final(error, organisation, outbox)
            failures = failures + 1 if courier.sent == before else 1
            if failures >= patience.attempts:
                raise _away(kafka, outbox, error) from error
            time.sleep(patience.delay_seconds(failures))
    return courier.sent


def publish_one(
    kafka: KafkaConfig, topic: str, key: bytes, value: bytes, headers: Headers, *, answer_seconds: float = 5.0
) -> None:
    """Publish one record that may get lost, and wait for its acknowledgement; must not be called from a running loop.

    Raises:
        BrokerError: when the broker is away, refuses, or has no such topic.
    """

    async def deliver() -> None:
        producer = AIOKafkaProducer(
            **kafka.client_settings(), acks="all", request_timeout_ms=int(answer_seconds * 1000)
        )
        try:
            async with asyncio.timeout(answer_seconds):
                await producer.start()
                await _require_topic(producer, topic)
                await producer.send_and_wait(topic, value, key=key, headers=headers)
        finally:
            await _close(producer)

    try:
        asyncio.run(deliver())
    except (KafkaError, OSError, TimeoutError) as error:
        raise BrokerError(f"Kafka at {kafka.bootstrap} did not take a record for {topic} ({_named(error)}).") from error


def _named(error: Exception) -> str:
    return str(error) or type(error).__name__


class _Courier:
    """Carries the outbox to the broker, one attempt at a time.

    Attributes:
        sent: how many events were acknowledged over all attempts.
    """

    def __init__(
        self, kafka: KafkaConfig, organisation: OrgCode, outbox: Outbox, patience: Patience, published: Published
    ) -> None:
        self._kafka = kafka
        self._organisation = organisation
        self._outbox = outbox
        self._answer_seconds = patience.answer_seconds
        self._published = published
        self.sent = 0

    async def deliver(self) -> None:
        """Connect and publish until the outbox is empty.

        Raises:
            KafkaError, OSError, TimeoutError: when the broker does not answer or refuses.
            BrokerError: when the topic does not exist.
        """
        producer = AIOKafkaProducer(
            **self._kafka.client_settings(),
            client_id=f"meekoppel-connector-{self._organisation}",
            enable_idempotence=True,
            acks="all",
            compression_type="lz4",
            max_batch_size=256 * 1024,
            request_timeout_ms=int(self._answer_seconds * 1000),
        )
        try:
            async with asyncio.timeout(self._answer_seconds):
                await producer.start()
                await _require_topic(producer, inbox(self._organisation))
            while batch := self._outbox.next_batch(BATCH):
                await self._deliver_batch(producer, batch)
        finally:
            await _close(producer)

    async def _deliver_batch(self, producer: Any, batch: Sequence[OutboxRecord]) -> None:
        """Send a batch, wait for its acknowledgements together, and let go of it up to the first that failed."""
        futures, refusal = await self._send(producer, batch)
        if futures:
            await asyncio.wait(futures, timeout=self._answer_seconds)
        troubles = [*map(_trouble_of, futures), refusal]
        acknowledged = next((at for at, trouble in enumerate(troubles) if trouble is not None), len(futures))
        if acknowledged:
            self._outbox.acknowledge(batch[acknowledged - 1].sequence)
            self.sent += acknowledged
            self._published(self.sent)
        first_trouble = troubles[acknowledged]
        if first_trouble is not None:
            raise first_trouble

    async def _send(
        self, producer: Any, batch: Sequence[OutboxRecord]
    ) -> tuple[list[asyncio.Future[Any]], BaseException | None]:
        topic = inbox(self._organisation)
        futures: list[asyncio.Future[Any]] = []
        try:
            for record in batch:
                future = await producer.send(topic, record.value, key=record.key, headers=record.headers)
                future.add_done_callback(_look_at)
                futures.append(future)
        except KafkaError as error:
            return futures, error
        return futures, None


def _look_at(future: asyncio.Future[Any]) -> None:
    """Take note of a failure, so that asyncio does not report it as never retrieved when its loop ends."""
    if not future.cancelled():
        future.exception()


def _trouble_of(future: asyncio.Future[Any]) -> BaseException | None:
    if not future.done():
        return TimeoutError("the broker did not acknowledge in time")
    return TimeoutError("the connection was closed") if future.cancelled() else future.exception()


async def _require_topic(producer: Any, topic: str) -> None:
    """Refuse a topic that does not exist at once; a producer would ask for it until its time is over."""
    for _ in range(_TOPIC_LOOKUPS):
        if topic in (await producer.client.fetch_all_metadata()).topics():
            return
        await asyncio.sleep(_TOPIC_LOOKUP_SECONDS)
    raise BrokerError(
        f"The topic {topic} does not exist in Kafka, or may not be seen by this connector; "
        "ask the hub's operator to register the organisation. What was to be published is kept."
    )


async def _close(producer: Any) -> None:
    """Close in order where that is possible; else drop the connections and leave the rest to the end of the loop."""
    try:
        async with asyncio.timeout(_CLOSE_SECONDS):
            await producer.stop()
    except (KafkaError, TimeoutError):
        await producer.client.close()


def _refuse_final(error: Exception, organisation: OrgCode, outbox: Outbox) -> None:
    """Turn what no further attempt can mend into the error for the user."""
    if isinstance(error, TopicAuthorizationFailedError):
        raise BrokerError(
            f"Kafka does not let this connector write to {inbox(organisation)}; check organisation and kafka.username. "
            f"{_kept(outbox)}"
        ) from error
    if isinstance(error, (MessageSizeTooLargeError, RecordListTooLargeError)):
        first = outbox.next_batch(1)[0]
        raise BrokerError(
            f"Plan {first.plan_id} is larger ({len(first.value):,} bytes) than Kafka takes; simplify its geometry "
            f"at the source, or ask the hub's operator to raise max.message.bytes of {inbox(organisation)}. "
            f"{_kept(outbox)}"
        ) from error


def _away(kafka: KafkaConfig, outbox: Outbox, error: Exception) -> BrokerError:
    return BrokerError(
        f"Kafka at {kafka.bootstrap} cannot be reached or did not take what was sent "
        f"({_named(error)}); check kafka.bootstrap, user name and network, then run again. "
        f"{_kept(outbox)}"
    )


def _kept(outbox: Outbox) -> str:
    return f"{outbox.waiting()} plan changes are kept and go out first at the next run."
