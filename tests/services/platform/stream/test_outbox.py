"""Sending what waits: in order, each row gone when it was acknowledged, and never given up."""

from __future__ import annotations

import asyncio

import pytest
from aiokafka.errors import MessageSizeTooLargeError

from meekoppel_hub.platform.stream import outbox, publish
from meekoppel_hub.platform.stream.publish import OutboxPublisher
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
        messages = [("things/0", Outgoing("echo", b"k", value, (), value.decode())) for value in (b"1", b"2", b"3")]
        outbox.put(connection, "ledger", messages)
    return OutboxPublisher(database, "ledger", lambda: ["things/0"], producer, no_topics)


def put(database, *values: bytes) -> list[outbox.Stored]:
    with database.begin() as connection:
        return outbox.put(
            connection, "ledger", [("things/0", Outgoing("echo", b"k", value, (), value.decode())) for value in values]
        )


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
    running = asyncio.gather(publisher.run(), publisher.tidy())
    async with asyncio.timeout(10):
        while publisher.failure is None:
            await asyncio.sleep(0.01)
        assert "ZeroDivisionError" in publisher.failure
        producer.refuses.clear()
        while left(database):
            await asyncio.sleep(0.05)
    running.cancel()
    assert producer.sent == [b"1", b"2", b"3"]


async def test_what_was_left_behind_goes_before_what_was_just_committed(publisher, producer, database):
    publisher.offer(put(database, b"4"))
    assert [await publisher.send_waiting() for _ in range(2)] == [4, 0]
    assert producer.sent == [b"1", b"2", b"3", b"4"]


async def test_what_was_just_committed_goes_out_without_reading_the_table(publisher, producer, database, monkeypatch):
    while await publisher.send_waiting():
        pass

    def waiting(*_):
        raise AssertionError("the table was read")

    monkeypatch.setattr(publisher, "_read", waiting)
    publisher.offer(put(database, b"4", b"5"))
    assert await publisher.send_waiting() == 2
    assert producer.sent[-2:] == [b"4", b"5"]


async def test_after_a_failure_the_rest_goes_out_in_its_order_and_what_came_meanwhile_behind_it(
    publisher, producer, database
):
    while await publisher.send_waiting():
        pass
    producer.refuses[b"5"] = MessageSizeTooLargeError("too large")
    publisher.offer(put(database, b"4", b"5", b"6"))
    with pytest.raises(MessageSizeTooLargeError):
        await publisher.send_waiting()
    publisher.offer(put(database, b"7"))
    producer.refuses.clear()
    while await publisher.send_waiting():
        pass
    assert producer.sent == [b"1", b"2", b"3", b"4", b"5", b"6", b"7"]
    await publisher.remove_acknowledged()
    assert left(database) == []


async def test_a_row_committed_while_the_table_is_read_is_neither_lost_nor_sent_twice(publisher, producer, database):
    real = publisher._read

    def read():
        rows = real()
        publisher.offer(put(database, b"4"))  # behind our look at the table
        publisher._read = real
        return rows

    publisher._read = read
    while await publisher.send_waiting() or publisher._read_for != publisher._left_behind:
        pass
    assert producer.sent == [b"1", b"2", b"3", b"4"]


async def test_what_was_acknowledged_is_not_sent_again_by_a_look_at_the_table(publisher, producer, database):
    while await publisher.send_waiting():
        pass
    assert left(database) == [b"1", b"2", b"3"]  # acknowledged, and not taken out yet
    publisher.look_behind()
    assert await publisher.send_waiting() == 0
    assert (producer.sent, left(database)) == ([b"1", b"2", b"3"], [])


async def test_more_than_memory_should_hold_is_left_to_the_table(publisher, producer, database, monkeypatch):
    monkeypatch.setattr(publish, "MOST_IN_MEMORY", 1)
    while await publisher.send_waiting():
        pass
    for value in (b"4", b"5", b"6", b"7"):
        publisher.offer(put(database, value))
    while await publisher.send_waiting() or publisher._read_for != publisher._left_behind:
        pass
    assert producer.sent == [b"1", b"2", b"3", b"4", b"5", b"6", b"7"]


def test_ids_rise_in_the_order_in_which_messages_were_put(database):
    values = [b"%d" % number for number in range(500)]
    stored = put(database, *values)
    assert [row.message.value for row in sorted(stored, key=lambda row: row.id)] == values


def test_an_event_id_that_waits_already_or_comes_twice_is_stored_once(database):
    put(database, b"1")
    assert [row.message.value for row in put(database, b"1", b"2", b"2")] == [b"2"]
    assert left(database) == [b"1", b"2"]


def test_a_row_is_taken_out_only_as_what_it_was(database):
    """SQLite gives the id of a row that went to the next one; a worker that lost its partition may be late."""
    (first,) = put(database, b"1")
    with database.begin() as connection:
        outbox.remove(connection, [first])
    put(database, b"2")
    with database.begin() as connection:
        outbox.remove(connection, [first])
    assert left(database) == [b"2"]
