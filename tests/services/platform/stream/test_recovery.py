"""What goes wrong around the consuming core, and that it goes on by itself: nothing lost, nothing left to nobody."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time

from aiokafka import AIOKafkaProducer, TopicPartition

from meekoppel_hub.platform.clock import utc_now
from meekoppel_hub.platform.errors import Fenced, TransientError
from meekoppel_hub.platform.stream import consumer as consumer_module
from meekoppel_hub.platform.stream.offsets import claim_partition
from meekoppel_hub.platform.stream.pulse import Pulse
from meekoppel_hub.platform.stream.records import PartitionId
from tests.services.platform.stream.hostile import write_hostile


def values(rig) -> list[str]:
    return sorted(value for _, value in rig.ledger.entries())


async def publish_to(rig, partition: int, *numbers: int) -> None:
    async with AIOKafkaProducer(bootstrap_servers=rig.bootstrap) as producer:
        for number in numbers:
            await producer.send_and_wait(rig.topic, b"good %d" % number, key=b"k", partition=partition)


def partitions_of(rig) -> set[TopicPartition]:
    return {TopicPartition(rig.topic, number) for number in range(rig.partitions)}


async def test_a_header_name_that_is_not_utf8_holds_up_nobody(rig):
    service = await rig.start()
    await publish_to(rig, 0, 1)
    await write_hostile(rig.bootstrap, rig.topic, (b"h", b"good 2"), (b"h", b"good 3"))
    await publish_to(rig, 0, 4)
    await publish_to(rig, 1, 5)
    await rig.until(lambda: values(rig) == [f"good {number}" for number in range(1, 6)])
    assert service.halted is None


async def test_a_partition_that_another_claimed_without_a_rebalance_is_claimed_again(rig):
    service = await rig.start(session_seconds=6)
    await rig.until(lambda: len(service.held) == rig.partitions)
    for number in range(rig.partitions):
        claim_partition(rig.database, rig.service, PartitionId(rig.topic, number), "somebody else", utc_now())
    await publish_to(rig, 0, 1)
    await rig.until(lambda: values(rig) == ["good 1"], seconds=15)


async def test_a_take_over_that_a_rebalance_overtook_claims_nothing(rig, monkeypatch):
    """A worker that cannot reach the database while its partitions move must not fence whoever has them then."""
    service = await rig.start()
    await rig.until(lambda: len(service.held) == rig.partitions)
    claims, away = [], True
    real = service._claims._claim

    def claim(source):
        if away:
            raise TransientError("the database is away")
        claims.append(source)
        return real(source)

    monkeypatch.setattr(service._claims, "_claim", claim)
    for _ in range(3):
        await service.on_partitions_revoked(partitions_of(rig))
        await service.on_partitions_assigned(partitions_of(rig))
    away = False
    await rig.until(lambda: len(service.held) == rig.partitions)
    await asyncio.sleep(1)
    assert len(claims) == rig.partitions


async def test_a_batch_that_outlived_a_rebalance_leaves_the_new_claim_alone(rig, monkeypatch):
    monkeypatch.setattr(consumer_module, "DRAIN_SECONDS", 0.1)
    service = await rig.start()
    await rig.until(lambda: len(service.held) == rig.partitions)
    begun, go_on = threading.Event(), threading.Event()
    real = rig.ledger.apply

    def apply(items, scope):
        if not begun.is_set():
            begun.set()
            go_on.wait(20)
        real(items, scope)

    monkeypatch.setattr(rig.ledger, "apply", apply)
    await publish_to(rig, 0, 1)
    await rig.until(begun.is_set)
    await service.on_partitions_revoked(partitions_of(rig))
    await service.on_partitions_assigned(partitions_of(rig))
    await rig.until(lambda: len(service.held) == rig.partitions)
    go_on.set()  # the old claim is fenced now
    await publish_to(rig, 0, 2)
    await rig.until(lambda: values(rig) == ["good 1", "good 2"], seconds=15)


async def test_what_a_producer_took_back_is_not_handled_and_its_marks_are_no_stall(rig, monkeypatch):
    monkeypatch.setattr(consumer_module, "LOOK_AGAIN_SECONDS", 0.2)
    service = await rig.start()
    pulse = Pulse(service, rig.database, utc_now, stall_seconds=2)
    async with AIOKafkaProducer(bootstrap_servers=rig.bootstrap, transactional_id=f"t-{rig.topic}") as producer:
        async with producer.transaction():
            await producer.send_and_wait(rig.topic, b"good 1", key=b"k", partition=0)
        with contextlib.suppress(ZeroDivisionError):
            async with producer.transaction():
                await producer.send_and_wait(rig.topic, b"good 2", key=b"k", partition=0)
                raise ZeroDivisionError
    await rig.until(lambda: values(rig) == ["good 1"])
    until = time.monotonic() + 4
    while time.monotonic() < until:
        await pulse._beat()
        assert pulse.stalled() is None
        await asyncio.sleep(0.2)
    assert service.lag() == 0
    await publish_to(rig, 0, 3)
    await rig.until(lambda: values(rig) == ["good 1", "good 3"])


async def test_what_a_failed_poll_lost_is_read_again_without_waiting_for_the_next_record(rig, monkeypatch):
    monkeypatch.setattr(consumer_module, "LOOK_AGAIN_SECONDS", 0.2)
    service = await rig.start()
    await rig.until(lambda: len(service.held) == rig.partitions)
    pulse = Pulse(service, rig.database, utc_now, stall_seconds=60)
    real, polls, lost = service.consumer.getmany, [], []

    async def getmany(*args, **options):
        polls.append(options)
        found = await real(*args, **options)
        if found and not lost:
            lost.append(found)
            raise ZeroDivisionError("a poll that failed when it had records already")
        return found

    monkeypatch.setattr(service.consumer, "getmany", getmany)
    await rig.until(lambda: polls)  # the poll that was under way is over
    await publish_to(rig, 0, 1)
    await rig.until(lambda: lost)

    async with asyncio.timeout(15):
        while values(rig) != ["good 1"]:
            await pulse._beat()
            await asyncio.sleep(0.1)


async def test_a_client_that_began_anew_by_itself_is_set_right(rig):
    service = await rig.start()
    await publish_to(rig, 0, *range(10))
    await rig.until(lambda: len(values(rig)) == 10)
    service.consumer.seek(TopicPartition(rig.topic, 0), 0)  # what it does when its place is outside of the log
    await publish_to(rig, 0, 10)
    await rig.until(lambda: len(values(rig)) == 11)
    assert service.halted is None


async def test_a_log_that_was_cut_under_a_running_service_halts_it(rig, monkeypatch):
    service = await rig.start()
    await publish_to(rig, 0, *range(10))
    await rig.until(lambda: len(values(rig)) == 10)

    async def shorter(partitions):
        return dict.fromkeys(partitions, 5)

    monkeypatch.setattr(service.consumer, "end_offsets", shorter)
    service.consumer.seek(TopicPartition(rig.topic, 0), 0)
    await rig.until(lambda: service.halted is not None)
    assert "cut or replaced" in service.halted


async def test_a_service_whose_kafka_is_away_is_not_stalled_and_one_that_is_ignored_is(rig, monkeypatch):
    service = await rig.start()
    await rig.until(lambda: len(service.held) == rig.partitions)
    pulse = Pulse(service, rig.database, utc_now, stall_seconds=0.3)

    async def no_answer() -> None:
        raise TimeoutError

    monkeypatch.setattr(service, "refresh_end_offsets", no_answer)
    for held in service.held.values():
        held.end_offset = held.next_offset + 1
        held.moved_at = 0
    monkeypatch.setattr(service, "moved_at", 0)
    await pulse._beat()
    assert "did not move" in (pulse.stalled() or "")  # the broker is there and the client hears nothing

    monkeypatch.setattr("meekoppel_hub.platform.stream.pulse.can_reach", lambda _: asyncio.sleep(0, False))
    await pulse._beat()
    assert pulse.stalled() is None


async def test_a_partition_that_waits_for_its_turn_has_more_time_than_one_that_all_stand_still_with(rig, monkeypatch):
    service = await rig.start()
    await rig.until(lambda: len(service.held) == rig.partitions)
    pulse = Pulse(service, rig.database, utc_now, stall_seconds=60)
    held = next(iter(service.held.values()))
    held.end_offset, held.moved_at = 10, time.monotonic() - 100
    monkeypatch.setattr(service, "moved_at", time.monotonic())
    assert pulse.stalled() is None
    held.moved_at = time.monotonic() - 1_000
    assert "did not move" in (pulse.stalled() or "")


async def test_a_release_under_a_lost_claim_does_not_stop_the_pulse(rig):
    from meekoppel_hub.platform.stream import parking
    from tests.services.platform.stream.ledger import UNREADABLE

    service = await rig.start(session_seconds=6)
    await rig.publish((b"a", UNREADABLE))
    await rig.until(lambda: service.set_aside == 1)
    (source,) = [source for source, held in service.held.items() if held.next_offset]
    claim_partition(rig.database, rig.service, source, "somebody else", utc_now())
    with rig.database.begin() as connection:
        parking.ask(connection, rig.service, b"a", parking.RELEASE_ASKED)
    pulse = Pulse(service, rig.database, utc_now, stall_seconds=60)
    await pulse._beat()


async def test_a_cancellation_that_aiokafka_swallows_does_not_hold_up_the_end(rig, monkeypatch):
    service = await rig.start()
    begun = asyncio.Event()

    async def prepare(names) -> None:
        begun.set()
        with contextlib.suppress(asyncio.CancelledError):  # as AIOKafkaClient.close does
            await asyncio.sleep(60)

    monkeypatch.setattr(service.publisher, "_prepare", prepare)
    await publish_to(rig, 0, 1)
    await asyncio.wait_for(begun.wait(), 15)
    await asyncio.wait_for(rig.stop(service), 15)


async def test_a_client_whose_coordination_died_is_replaced(rig):
    service = await rig.start()
    pulse = Pulse(service, rig.database, utc_now, stall_seconds=60)
    await publish_to(rig, 0, 1)
    await rig.until(lambda: values(rig) == ["good 1"])
    dead = service.consumer
    dead._coordinator._coordination_task.cancel()  # as an assertion of its own does when a broker goes at a bad moment
    await rig.until(dead._coordinator._coordination_task.done)

    await publish_to(rig, 0, 2)
    await pulse._beat()

    await rig.until(lambda: values(rig) == ["good 1", "good 2"])
    assert service.consumer is not dead
    assert service.halted is None


async def test_a_partition_that_waits_holds_up_no_other_one(rig):
    service = await rig.start()
    await rig.until(lambda: len(service.held) == rig.partitions)
    await publish_to(rig, 0, 1)
    await rig.until(lambda: values(rig) == ["good 1"])
    held = service.held[PartitionId(rig.topic, 0)]
    service._claims.back_off(held, TransientError("it waits"), time.monotonic())
    await publish_to(rig, 1, *range(2, 7))
    await rig.until(lambda: len(values(rig)) == 6)
    assert service.held[PartitionId(rig.topic, 1)].failures == 0


async def test_a_partition_that_waits_is_not_fetched_when_others_have_rested(rig, monkeypatch):
    service = await rig.start()
    await rig.until(lambda: len(service.held) == rig.partitions)
    waiting = service.held[PartitionId(rig.topic, 0)]
    real = service._pace.rest

    def rest():
        resting = real()
        if not waiting.failures:
            service._claims.back_off(waiting, Fenced("another claimed it"), time.monotonic())
        return resting

    monkeypatch.setattr(service._pace, "rest", rest)
    await publish_to(rig, 1, 1)
    await rig.until(lambda: bool(waiting.failures))
    await rig.until(lambda: service.consumer.paused() == {TopicPartition(rig.topic, 0)})
    await publish_to(rig, 1, 2)
    await rig.until(lambda: values(rig) == ["good 1", "good 2"])


async def test_a_task_that_ends_by_an_error_halts_the_service_and_says_so(rig, monkeypatch):
    """Without the task that applies batches a service would stand still, and say that it is well."""
    service = await rig.start()
    await rig.until(lambda: len(service.held) == rig.partitions)

    def broken():
        raise ValueError("the log cannot be written")

    monkeypatch.setattr(service._ahead, "take", broken)
    await publish_to(rig, 0, 1)
    await rig.until(lambda: service.halted is not None)
    assert service.halted == "unexpected failure: ValueError, see the log"


async def test_what_was_decoded_ahead_of_a_rebalance_is_handled_once_and_by_whoever_has_it_then(rig, monkeypatch):
    service = await rig.start(session_seconds=6)
    await rig.until(lambda: len(service.held) == rig.partitions)
    begun, go_on = threading.Event(), threading.Event()
    real = rig.ledger.apply

    def apply(items, scope):
        if not begun.is_set():
            begun.set()
            go_on.wait(20)
        real(items, scope)

    monkeypatch.setattr(rig.ledger, "apply", apply)
    await publish_to(rig, 0, 1)
    await rig.until(begun.is_set)
    for partition in (0, 1):
        await publish_to(rig, partition, *range(10 * partition + 10, 10 * partition + 20))
    held = service.held[PartitionId(rig.topic, 1)]
    await rig.until(lambda: held.taken == 10)  # decoded, and waits for its turn
    other = asyncio.create_task(rig.start("2", session_seconds=6))
    await rig.until(lambda: len(service.held) < rig.partitions, seconds=15)
    go_on.set()
    await other
    expected = ["good 1", *(f"good {number}" for number in range(10, 30))]
    await rig.until(lambda: values(rig) == expected, seconds=30)
    assert [one.halted for one in rig.running] == [None, None]


async def test_what_comes_while_a_batch_is_applied_is_the_next_batch(rig, monkeypatch):
    """Small when it is quiet, growing with the lag: nothing waits for a batch to be full."""
    service = await rig.start()
    await rig.until(lambda: len(service.held) == rig.partitions)
    begun, go_on, sizes = threading.Event(), threading.Event(), []
    real = rig.ledger.apply

    def apply(items, scope):
        sizes.append(len(items))
        if not begun.is_set():
            begun.set()
            go_on.wait(20)
        real(items, scope)

    monkeypatch.setattr(rig.ledger, "apply", apply)
    await publish_to(rig, 0, 1)
    await rig.until(begun.is_set)
    await publish_to(rig, 0, *range(2, 12))
    await publish_to(rig, 1, *range(12, 22))
    await rig.until(lambda: sum(held.taken for held in service.held.values()) == 21)
    go_on.set()
    await rig.until(lambda: len(values(rig)) == 21)
    assert sizes == [1, 20]


async def test_more_than_a_batch_is_not_taken_in_ahead(rig, monkeypatch):
    service = await rig.start(batch_records=10)
    await rig.until(lambda: len(service.held) == rig.partitions)
    begun, go_on, sizes = threading.Event(), threading.Event(), []
    real = rig.ledger.apply

    def apply(items, scope):
        sizes.append(len(items))
        if not begun.is_set():
            begun.set()
            go_on.wait(20)
        real(items, scope)

    monkeypatch.setattr(rig.ledger, "apply", apply)
    await publish_to(rig, 0, 0)
    await rig.until(begun.is_set)
    await publish_to(rig, 0, *range(1, 60))
    await asyncio.sleep(0.5)
    assert service.held[PartitionId(rig.topic, 0)].taken <= 11
    go_on.set()
    await rig.until(lambda: len(values(rig)) == 60)
    assert max(sizes) <= 10
    await rig.stop(service)  # while what is read ahead may wait for room
