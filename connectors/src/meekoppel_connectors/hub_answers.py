"""Fetching what the hub's intake sent back to the organisation, for a bounded time, from where it was read last."""

from __future__ import annotations

import asyncio
from contextlib import closing

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from meekoppel_connectors.clock import Clock, utc_now
from meekoppel_connectors.config import ConnectorConfig
from meekoppel_connectors.errors import BrokerError, StateError
from meekoppel_connectors.state.hub_rejections import keep_hub_rejections, rejections_read
from meekoppel_connectors.state.schema import connect, has_begun
from meekoppel_contracts.codec import decode_plan_rejection
from meekoppel_contracts.errors import ContractError
from meekoppel_contracts.events import PlanRejection
from meekoppel_contracts.topics import rejections as rejections_topic

ANSWER_SECONDS = 5.0
MOST_AT_ONCE = 2000
_CLOSE_SECONDS = 1.0

Answers = list[tuple[int, PlanRejection]]


def fetch_answers(config: ConnectorConfig, *, clock: Clock = utc_now, seconds: float = ANSWER_SECONDS) -> str | None:
    """Take over what intake sent back since last time into the state; blocks no longer than asked.

    Args:
        config: the connector.
        clock: gives the time.
        seconds: how long the broker may take.

    Returns:
        Why the answers could not be asked for or kept, in a sentence; None when they were. Those of before are then
        still shown.
    """
    if not has_begun(config.state):
        return None
    try:
        with closing(connect(config.state, config.organisation, clock())) as connection:
            answers, following = asyncio.run(_read(config, rejections_read(connection), seconds))
            keep_hub_rejections(connection, answers, following)
    except (BrokerError, StateError) as error:
        return f"What the hub sent back since last time is not known: {error}"
    return None


async def _read(config: ConnectorConfig, first: int, seconds: float) -> tuple[Answers, int]:
    topic = TopicPartition(rejections_topic(config.organisation), 0)
    consumer = AIOKafkaConsumer(
        **config.kafka.client_settings(), enable_auto_commit=False, request_timeout_ms=int(seconds * 1000)
    )
    try:
        async with asyncio.timeout(seconds):
            await consumer.start()
            consumer.assign([topic])
            end = (await consumer.end_offsets([topic]))[topic]
            start = (await consumer.beginning_offsets([topic]))[topic]
            # a topic that was made anew ends before what was read of the old one
            consumer.seek(topic, start if first > end else max(first, start))
            return await _up_to(consumer, topic, end)
    except (KafkaError, OSError, TimeoutError) as error:
        reason = str(error) or f"no answer within {seconds:g} s"
        raise BrokerError(f"Kafka at {config.kafka.bootstrap} did not tell ({reason}).") from error
    finally:
        await _close(consumer)


async def _up_to(consumer: AIOKafkaConsumer, topic: TopicPartition, end: int) -> tuple[Answers, int]:
    answers: Answers = []
    position = await consumer.position(topic)
    while position < end and len(answers) < MOST_AT_ONCE:
        batches = await consumer.getmany(topic, timeout_ms=500, max_records=MOST_AT_ONCE)
        for record in batches.get(topic, ()):
            answers.extend(_answer(record.offset, record.value))
        position = await consumer.position(topic)
    return answers, position


def _answer(offset: int, value: bytes | None) -> Answers:
    try:
        return [(offset, decode_plan_rejection(value))]
    except ContractError as error:
        raise BrokerError(f"record {offset} of the rejections cannot be read: {error}") from error


async def _close(consumer: AIOKafkaConsumer) -> None:
    try:
        async with asyncio.timeout(_CLOSE_SECONDS):
            await consumer.stop()
    except (KafkaError, TimeoutError):
        await consumer._client.close()
