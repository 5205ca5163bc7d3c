from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterator

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaConnectionError, KafkaError

from meekoppel_connectors.testing.broker import make_topics, read_topic
from meekoppel_connectors.testing.gate import Gate, gate_before
from meekoppel_contracts.ids import org_code
from meekoppel_contracts.topics import inbox


@pytest.fixture
def gate(kafka_bootstrap: str) -> Iterator[Gate]:
    with gate_before(kafka_bootstrap) as gate:
        yield gate


@pytest.fixture
def topic(kafka_bootstrap: str) -> str:
    organisation = org_code(f"gate-{uuid.uuid4().hex[:12]}")
    make_topics(kafka_bootstrap, organisation)
    return inbox(organisation)


async def send(bootstrap: str, topic: str, value: bytes) -> None:
    async with asyncio.timeout(5):
        producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", request_timeout_ms=2000)
        await producer.start()
        try:
            await producer.send_and_wait(topic, value, key=b"k")
        finally:
            await producer.client.close()


def values(bootstrap: str, topic: str) -> list[bytes]:
    return [value for _, value, _ in asyncio.run(read_topic(bootstrap, topic))]


def test_what_is_sent_to_the_gate_reaches_the_broker(gate: Gate, topic: str, kafka_bootstrap: str) -> None:
    assert gate.bootstrap != kafka_bootstrap
    asyncio.run(send(gate.bootstrap, topic, b"through the gate"))
    assert values(kafka_bootstrap, topic) == [b"through the gate"]


def test_a_closed_gate_lets_nobody_through_until_it_is_opened(gate: Gate, topic: str, kafka_bootstrap: str) -> None:
    gate.close()
    with pytest.raises(KafkaConnectionError):
        asyncio.run(send(gate.bootstrap, topic, b"refused"))
    gate.open()
    asyncio.run(send(gate.bootstrap, topic, b"let through"))
    assert values(kafka_bootstrap, topic) == [b"let through"]


def test_a_client_cannot_walk_round_the_gate(gate: Gate, topic: str, kafka_bootstrap: str) -> None:
    async def send_after_closing() -> None:
        producer = AIOKafkaProducer(bootstrap_servers=gate.bootstrap, request_timeout_ms=1000)
        await producer.start()
        try:
            await producer.send_and_wait(topic, b"first", key=b"k")
            await asyncio.to_thread(gate.close)
            async with asyncio.timeout(2):
                await producer.send_and_wait(topic, b"second", key=b"k")
        finally:
            await producer.client.close()

    with pytest.raises((KafkaError, TimeoutError)):
        asyncio.run(send_after_closing())
    assert values(kafka_bootstrap, topic) == [b"first"]


def test_a_gate_that_closes_on_produce_keeps_the_answer_but_not_the_records(
    gate: Gate, topic: str, kafka_bootstrap: str
) -> None:
    gate.close_on_produce(60)
    with pytest.raises((KafkaError, TimeoutError)):
        asyncio.run(send(gate.bootstrap, topic, b"not answered"))
    assert b"not answered" in values(kafka_bootstrap, topic)
    assert gate.answers_kept == 1
