"""The consuming core on a real broker and both stores."""

from __future__ import annotations

import asyncio
import contextlib

from aiokafka import AIOKafkaConsumer, TopicPartition
from sqlalchemy import select, text

from meekoppel_hub.platform.clock import utc_now
from meekoppel_hub.platform.database.tables.stream import health
from meekoppel_hub.platform.errors import TransientError
from meekoppel_hub.platform.stream import parking
from meekoppel_hub.platform.stream.outbox import count_waiting
from meekoppel_hub.platform.stream.pulse import Pulse, watch
from tests.services.platform.stream.ledger import UNREADABLE, BusyLedger

MANY = [(b"key %d" % (number % 7), b"good %d" % number) for number in range(300)]


def of_key(entries, key):
    return [value for found, value in entries if found == key]


def in_order(entries) -> bool:
    return all(
        of_key(entries, key.decode()) == [value.decode() for found, value in MANY if found == key]
        for key in {key for key, _ in MANY}
    )


async def read_all(bootstrap, topic, count):
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    try:
        found = []
        async with asyncio.timeout(20):
            while len(found) < count:
                batch = await consumer.getmany(timeout_ms=200)
                found += [record for records in batch.values() for record in records]
        return found
    finally:
        await consumer.stop()


async def test_work_besides_the_log_is_done_while_nothing_comes_and_between_batches(rig):
    rig.ledger = BusyLedger(rig.database, rig.echo)
    service = await rig.start()
    await rig.until(lambda: service.held)
    rig.ledger.pile = 5
    await rig.until(lambda: len(rig.ledger.entries()) == 5)
    rig.ledger.pile = 3
    await rig.publish(*MANY)
    await rig.until(lambda: len(rig.ledger.entries()) == 8 + len(MANY))

    assert of_key(rig.ledger.entries(), "besides") == ["5", "4", "3", "2", "1", "3", "2", "1"]
    assert in_order([entry for entry in rig.ledger.entries() if entry[0] != "besides"])
    published = await read_all(rig.bootstrap, rig.echo, 8 + len(MANY))
    assert sum(record.key == b"besides" for record in published) == 8


class LostAnswer(BusyLedger):
    """Does not hear that what it did besides was committed."""

    def work_besides(self, scope) -> bool:
        if more := super().work_besides(scope):
            raise TransientError("the connection was lost while committing")
        return more


async def test_what_was_done_besides_is_published_though_its_commit_was_not_heard_of(rig):
    rig.ledger = LostAnswer(rig.database, rig.echo)
    service = await rig.start()
    await rig.until(lambda: service.held)
    rig.ledger.pile = 3

    published = await read_all(rig.bootstrap, rig.echo, 3)
    assert [record.key for record in published] == [b"besides"] * 3


async def test_a_key_is_free_once_it_was_released_though_its_commit_was_not_heard_of(rig):
    service = await rig.start()
    await rig.publish((b"key", UNREADABLE))
    await rig.until(lambda: service.set_aside)
    rig.ledger.mended = {UNREADABLE}
    rig.ledger.unheard = 1
    with rig.database.begin() as connection:
        parking.ask(connection, rig.service, b"key", parking.RELEASE_ASKED)
    with contextlib.suppress(TransientError):  # the pulse asks again
        await service.release_parked()
    await rig.publish((b"key", b"good"))

    await rig.until(lambda: len(rig.ledger.entries()) == 2)
    assert len(await read_all(rig.bootstrap, rig.echo, 2)) == 2


async def test_a_halted_service_works_no_more_besides(rig):
    rig.ledger = BusyLedger(rig.database, rig.echo)
    service = await rig.start(halt_after=1)
    await rig.publish((b"key", UNREADABLE))
    await rig.until(lambda: service.halted)
    asked = rig.ledger.asked
    rig.ledger.pile = 5
    await asyncio.sleep(1.5)

    assert (rig.ledger.asked, rig.ledger.pile) == (asked, 5)


async def test_every_record_is_handled_once_in_the_order_of_its_key_and_published(rig):
    await rig.start()
    await rig.publish(*MANY)
    await rig.until(lambda: len(rig.ledger.entries()) >= len(MANY))

    assert in_order(rig.ledger.entries())
    echoes = await read_all(rig.bootstrap, rig.echo, len(MANY))
    assert in_order([(record.key.decode(), record.value.decode()) for record in echoes])


async def test_a_restart_goes_on_where_the_database_says(rig):
    first = await rig.start()
    await rig.publish(*MANY[:100])
    await rig.until(lambda: len(rig.ledger.entries()) >= 100)
    await rig.stop(first)

    await rig.publish(*MANY[100:])
    await rig.start()
    await rig.until(lambda: len(rig.ledger.entries()) >= len(MANY))
    assert in_order(rig.ledger.entries())


async def test_kafkas_own_offsets_do_not_count(rig):
    await rig.publish(*MANY)
    consumer = AIOKafkaConsumer(bootstrap_servers=rig.bootstrap, group_id=f"meekoppel.{rig.service}")
    partitions = [TopicPartition(rig.topic, number) for number in range(rig.partitions)]
    consumer.assign(partitions)
    await consumer.start()
    await consumer.commit(await consumer.end_offsets(partitions))  # an operator, or a restored cluster, moved them
    await consumer.stop()

    await rig.start()
    await rig.until(lambda: len(rig.ledger.entries()) >= len(MANY))
    assert in_order(rig.ledger.entries())


async def test_a_header_that_is_not_utf8_neither_hides_nor_stops_a_record(rig):
    await rig.start()
    await rig.publish((b"a", b"good 1"), headers=[("name", b"\xff\xfe"), ("name", b"twice")])
    await rig.until(lambda: rig.ledger.entries() == [("a", "good 1")])


async def test_a_database_that_is_away_for_a_while_loses_nothing(rig):
    service = await rig.start()
    rig.ledger.away = 4
    await rig.publish(*MANY)
    await rig.until(lambda: len(rig.ledger.entries()) >= len(MANY))
    assert in_order(rig.ledger.entries())
    assert rig.ledger.away == 0
    assert service.halted is None


async def test_poison_goes_to_the_dead_letter_topic_and_the_rest_goes_on(rig):
    service = await rig.start()
    await rig.publish((b"a", UNREADABLE), (b"a", b"good 1"), (b"b", b"good 2"))
    await rig.until(lambda: service.set_aside == 2 and len(rig.ledger.entries()) == 1)

    (letter,) = await read_all(rig.bootstrap, f"dead-letters.{rig.service}", 1)
    assert (letter.key, letter.value) == (b"a", UNREADABLE)
    assert dict(letter.headers)["meekoppel_dead_letter_reason"] == b"unreadable"

    rig.ledger.mended.add(UNREADABLE)
    with rig.database.begin() as connection:
        parking.ask(connection, rig.service, b"a", parking.RELEASE_ASKED)
    assert await service.release_parked() == 2
    assert of_key(rig.ledger.entries(), "a") == ["unreadable", "good 1"]


async def test_too_much_poison_halts_the_service_and_says_so(rig):
    service = await rig.start(halt_after=3)
    await rig.publish(*((b"k%d" % number, UNREADABLE) for number in range(6)), (b"z", b"good"))
    await rig.until(lambda: service.halted is not None)
    pulse = Pulse(service, rig.database, utc_now, stall_seconds=60)
    await pulse._beat()
    with rig.database.read() as connection:
        row = connection.execute(select(health.c.state, health.c.detail)).one()
    assert row.state == "halted"
    assert "could not be handled" in row.detail


async def test_two_workers_share_the_partitions_and_handle_each_record_once(rig):
    one = await rig.start("1", session_seconds=6)
    two = await rig.start("2", session_seconds=6)
    await rig.until(lambda: len(one.held) == len(two.held) == 1)
    await rig.publish(*MANY[:150])
    await rig.until(lambda: len(rig.ledger.entries()) >= 150)
    await rig.stop(two)
    await rig.publish(*MANY[150:])
    await rig.until(lambda: len(rig.ledger.entries()) >= len(MANY), seconds=60)
    assert in_order(rig.ledger.entries())


async def test_a_log_that_was_replaced_halts_instead_of_starting_over(rig):
    first = await rig.start()
    await rig.publish(*MANY[:20])
    await rig.until(lambda: len(rig.ledger.entries()) >= 20)
    await rig.stop(first)
    with rig.database.begin() as connection:
        connection.execute(text("UPDATE stream_offsets SET next_offset = next_offset + 1000"))

    again = await rig.start()
    await rig.until(lambda: again.halted is not None)
    assert "cut or replaced" in again.halted


async def test_health_counts_progress_and_the_outbox_empties(rig):
    service = await rig.start()
    pulse = Pulse(service, rig.database, utc_now, stall_seconds=60)
    await rig.publish(*MANY)
    await rig.until(lambda: len(rig.ledger.entries()) >= len(MANY))
    await pulse._beat()
    with rig.database.read() as connection:
        row = connection.execute(select(health)).one()
    assert (row.state, row.lag, row.handled) == ("running", 0, len(MANY))

    def empty():
        with rig.database.read() as connection:
            return count_waiting(connection, rig.service) == 0

    await rig.until(empty)


async def test_the_watchdog_sees_lag_without_progress(rig):
    service = await rig.start()
    pulse = Pulse(service, rig.database, utc_now, stall_seconds=0.5)
    await rig.until(lambda: len(service.held) == rig.partitions)
    service.consumer.pause(*service.consumer.assignment())  # what a stalled client looks like
    await rig.publish(*MANY[:10])
    seen: list[str] = []
    stop = watch([pulse], end=seen.append)
    try:
        for _ in range(200):
            await pulse._beat()
            if seen:
                break
            await asyncio.sleep(0.05)
    finally:
        stop.set()
    assert "did not move" in seen[0]
