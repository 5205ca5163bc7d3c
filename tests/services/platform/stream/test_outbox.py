"""Sending what waits: in order, each row gone when it was acknowledged, and never given up."""

from __future__ import annotations

import asyncio

import pytest
from aiokafka.errors import MessageSizeTooLargeError

from meekoppel_hub.platform.stream import outbox
from meekoppel_hub.platform.stream.outbox import OutboxPublisher
from meekoppel_hub.platform.stream.records import Outgoing


class Producer:
    """A producer that refuses a value once, or always, and notes what it sent."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.refuses: dict[bytes, Exception] = {}

    async def send(self, topic, value, *, key, headers):
        if value in self.refuses:
            raise self.refuses[value]
        self.sent.append(value)
        acknowledged = asyncio.get_running_loop().create_future()
        acknowledged.set_result(None)
        return acknowledged


async def no_topics(names) -> None: ...


@pytest.fixture
def producer():
    return Producer()


@pytest.fixture
def publisher(database, producer):
    with database.begin() as connection:
        messages = [Outgoing("echo", b"k", value, (), value.decode()) for value in (b"1", b"2", b"3")]
        outbox.put(connection, "ledger", "things/0", messages)
    return OutboxPublisher(database, "ledger", lambda: ["things/0"], producer, no_topics)


def left(database) -> list[bytes | None]:
    with database.read() as connection:
        return [row.message.value for row in outbox.waiting(connection, "ledger", ["things/0"])]


async def test_what_was_acknowledged_before_a_refused_row_is_not_sent_again(publisher, producer, database):
    producer.refuses[b"2"] = MessageSizeTooLargeError("too large")
    for _ in range(3):
        with pytest.raises(MessageSizeTooLargeError):
            await publisher.send_waiting()
    assert (producer.sent, left(database)) == ([b"1"], [b"2", b"3"])


async def test_a_failure_that_nobody_thought_of_ends_nothing_and_is_told(publisher, producer, database):
    producer.refuses[b"1"] = ZeroDivisionError("nobody knows why")
    running = asyncio.create_task(publisher.run())
    async with asyncio.timeout(10):
        while publisher.failure is None:
            await asyncio.sleep(0.01)
        assert "ZeroDivisionError" in publisher.failure
        producer.refuses.clear()
        while left(database):
            await asyncio.sleep(0.05)
    running.cancel()
    assert producer.sent == [b"1", b"2", b"3"]
