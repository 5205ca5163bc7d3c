"""Behaviour of FastStream and aiokafka that the core relies on, or works around.

Each test pins one. When one fails after an upgrade, the place that it names in the core is to be thought over again.
The numbers are those of `docs/architecture.md`, "Pitfalls".
"""

from __future__ import annotations

import asyncio
import inspect
import logging
from importlib.metadata import version

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener, TopicPartition, codec
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.client import AIOKafkaClient
from aiokafka.consumer import fetcher
from aiokafka.producer.sender import SendProduceReqHandler
from faststream import AckPolicy
from faststream.kafka import KafkaBroker
from faststream.kafka.message import KafkaAckableMessage
from faststream.kafka.schemas import Topic

from meekoppel_contracts.topics import TopicSpec
from meekoppel_hub.platform.kafka.fetched import FetchedRecords
from meekoppel_hub.platform.stream.subscription import assert_manual_only

SILENT = logging.getLogger("canaries")


class Place:
    """A topic of two partitions, and ways to write into it and to listen to it."""

    def __init__(self, bootstrap, topic) -> None:
        self.bootstrap = bootstrap
        self.topic = topic
        self.broker = KafkaBroker(bootstrap, apply_types=False, allow_auto_create_topics=False, logger=SILENT)

    def listen(self, handler, *topics, **options):
        settings = {
            "group_id": f"canary-{self.topic}",
            "auto_offset_reset": "earliest",
            "ack_policy": AckPolicy.MANUAL,
            "batch_timeout_ms": 50,
            "batch": True,
        }
        subscriber = self.broker.subscriber(*(topics or (Topic(self.topic, declare=False),)), **settings | options)
        subscriber(handler)
        return subscriber

    async def write(self, value, partition=0, headers=()) -> None:
        async with AIOKafkaProducer(bootstrap_servers=self.bootstrap) as producer:
            await producer.send_and_wait(self.topic, value, key=b"k", partition=partition, headers=list(headers))

    async def committed(self):
        async with AIOKafkaConsumer(bootstrap_servers=self.bootstrap, group_id=f"canary-{self.topic}") as consumer:
            return [await consumer.committed(TopicPartition(self.topic, number)) for number in (0, 1)]


@pytest.fixture
async def place(kafka_bootstrap, org_code, create_topics):
    topic = f"canary-{org_code}"
    await create_topics(kafka_bootstrap, [TopicSpec(topic, 2, -1)])
    made = Place(kafka_bootstrap, topic)
    yield made
    await made.broker.stop()


class Heard:
    """A handler that notes what it was given."""

    def __init__(self) -> None:
        self.calls: list = []
        self.raises: BaseException | None = None

    async def __call__(self, message) -> None:
        self.calls.append(message)
        if self.raises is not None:
            raise self.raises

    async def until(self, count: int) -> None:
        async with asyncio.timeout(20):
            while len(self.calls) < count:
                await asyncio.sleep(0.02)


async def as_is(message):
    return KafkaAckableMessage(body=message, raw_message=message, headers={}, batch_headers=[], consumer=None)


async def raw(message):
    return message.raw_message


def test_the_versions_are_those_that_were_read():
    assert version("faststream").startswith("0.7.")
    assert tuple(int(part) for part in version("faststream").split(".")[:3]) >= (0, 7, 8)
    assert version("aiokafka").startswith("0.14.")


def test_1_the_default_policy_acknowledges_first_and_the_core_refuses_it(kafka_bootstrap):
    broker = KafkaBroker(kafka_bootstrap, logger=SILENT)
    broker.subscriber("some-topic", group_id="g", batch=True)
    assert all(subscriber.ack_policy is AckPolicy.ACK_FIRST for subscriber in broker.subscribers)
    with pytest.raises(AssertionError, match="MANUAL"):
        assert_manual_only(broker)


async def test_1_manual_commits_nothing_by_itself(place):
    heard = Heard()
    place.listen(heard)
    await place.broker.start()
    await place.write(b"one")
    await heard.until(1)
    await place.broker.stop()
    assert await place.committed() == [None, None]


async def test_3_its_own_parser_loses_a_record_whose_header_is_not_utf8(place):
    heard = Heard()
    place.listen(heard)
    await place.broker.start()
    await place.write(b"lost", headers=[("name", b"\xff")])
    await asyncio.sleep(0.5)
    await place.write(b"seen")
    await heard.until(1)
    assert heard.calls == [[b"seen"]]


async def test_3_a_parser_that_touches_nothing_gets_every_record(place):
    heard = Heard()
    place.listen(heard, parser=as_is, decoder=raw)
    await place.broker.start()
    await place.write(b"kept", headers=[("name", b"\xff"), ("name", b"twice")])
    await heard.until(1)
    (record,) = heard.calls[0]
    assert record.value == b"kept"
    assert tuple(record.headers) == (("name", b"\xff"), ("name", b"twice"))


def test_4_ack_is_a_commit_without_offsets():
    assert "await self.consumer.commit()" in inspect.getsource(KafkaAckableMessage.ack)


async def test_5_a_batch_mixes_partitions_but_keeps_each_together(place):
    heard = Heard()
    for partition in (0, 1, 0, 1):
        await place.write(b"x", partition)
    place.listen(heard, parser=as_is, decoder=raw, batch_timeout_ms=2000)
    await place.broker.start()
    async with asyncio.timeout(20):
        while sum(map(len, heard.calls)) < 4:
            await asyncio.sleep(0.05)
    for call in heard.calls:
        partitions = [record.partition for record in call]
        assert partitions == sorted(partitions) or partitions == sorted(partitions, reverse=True)
    assert any(len({record.partition for record in call}) > 1 for call in heard.calls)


async def test_7_what_a_handler_raises_is_swallowed_and_the_next_batch_comes(place):
    heard = Heard()
    heard.raises = ValueError("nobody hears this")
    place.listen(heard)
    await place.broker.start()
    await place.write(b"one")
    await heard.until(1)
    await place.write(b"two")
    await heard.until(2)
    assert heard.calls == [[b"one"], [b"two"]]


async def test_8_ping_is_content_with_a_consumer_that_is_gone(place):
    subscriber = place.listen(Heard())
    await place.broker.start()
    await subscriber.consumer.stop()
    assert await place.broker.ping(timeout=5)


def test_11_subscribers_begin_at_the_end_unless_told():
    options = inspect.signature(KafkaBroker.subscriber).parameters
    assert options["auto_offset_reset"].default == "latest"


async def test_11_a_topic_that_is_not_declared_is_not_made(place):
    missing = f"{place.topic}-missing"
    place.listen(Heard(), Topic(missing, declare=False))
    starting = asyncio.create_task(place.broker.start())  # aiokafka waits 40 s for the topic, then gives up
    await asyncio.sleep(1)
    starting.cancel()
    admin = AIOKafkaAdminClient(bootstrap_servers=place.bootstrap)
    await admin.start()
    try:
        assert missing not in await admin.list_topics()
    finally:
        await admin.close()


async def test_12_a_pattern_matches_at_the_start_only(place, create_topics):
    longer = f"{place.topic}-and-more"
    await create_topics(place.bootstrap, [TopicSpec(longer, 1, -1)])
    subscriber = place.broker.subscriber(
        pattern=place.topic, batch=True, group_id="g-" + place.topic, ack_policy=AckPolicy.MANUAL
    )
    subscriber(Heard())
    await place.broker.start()
    async with asyncio.timeout(20):
        while len({partition.topic for partition in subscriber.consumer.assignment()}) < 2:
            await asyncio.sleep(0.05)
    assert {partition.topic for partition in subscriber.consumer.assignment()} == {place.topic, longer}


async def test_13_a_tombstone_becomes_empty_bytes_but_the_raw_record_tells(place):
    heard = Heard()
    bodies, raws = [], []

    async def note(message) -> None:
        bodies.extend(message)
        heard.calls.append(message)

    async def keep(message):
        raws.extend(message.raw_message)
        return message.body

    place.listen(note, decoder=keep)
    await place.broker.start()
    await place.write(None)
    await heard.until(1)
    assert bodies == [b""]
    assert raws[0].value is None


async def test_a_failing_rebalance_listener_is_only_logged(place):
    class Failing(ConsumerRebalanceListener):
        def on_partitions_revoked(self, revoked) -> None: ...

        async def on_partitions_assigned(self, assigned) -> None:
            raise ValueError("nobody hears this either")

    heard = Heard()
    place.listen(heard, listener=Failing())
    await place.broker.start()
    await place.write(b"read all the same")
    await heard.until(1)


async def test_seeking_throws_away_what_was_fetched_and_pausing_holds_it_back(place):
    for number in range(5):
        await place.write(b"%d" % number)
    partition = TopicPartition(place.topic, 0)
    async with AIOKafkaConsumer(bootstrap_servers=place.bootstrap, group_id=None) as consumer:
        consumer.assign([partition])
        consumer.seek(partition, 0)
        first = await consumer.getone()
        consumer.pause(partition)
        assert await consumer.getmany(timeout_ms=300) == {}
        consumer.seek(partition, 3)
        consumer.resume(partition)
        assert (first.offset, (await consumer.getone()).offset) == (0, 3)


def test_a_fetch_is_read_by_the_module_s_own_name_for_the_reader():
    """`platform.kafka.fetched` puts its own reader there."""
    assert "MemoryRecords(part_data[-1])" in inspect.getsource(fetcher.Fetcher._proc_fetch_request)
    assert fetcher.MemoryRecords is FetchedRecords


def test_every_codec_that_a_broker_accepts_can_be_read():
    """One batch in a codec that cannot be read makes every poll of the service fail and wait 15 seconds."""
    assert all((codec.has_gzip(), codec.has_snappy(), codec.has_lz4(), codec.has_zstd()))


def test_a_place_outside_of_the_log_is_left_without_a_word():
    """aiokafka begins anew at the earliest record; the core sees older records come and claims again."""
    source = inspect.getsource(fetcher.Fetcher._proc_fetch_request)
    assert "tp_state.await_reset(self._default_reset_strategy)" in source


def test_an_idempotent_producer_never_gives_a_batch_up():
    """Rows of the outbox need no deadline of their own: Kafka may be away for as long as it likes."""
    source = inspect.getsource(SendProduceReqHandler._can_retry)
    assert "self._sender._txn_manager is None and batch.expired()" in source


async def test_the_marks_of_a_transaction_take_offsets_that_no_record_has(place):
    partition = TopicPartition(place.topic, 0)
    producer = AIOKafkaProducer(bootstrap_servers=place.bootstrap, transactional_id=place.topic)
    async with producer, producer.transaction():
        await producer.send_and_wait(place.topic, b"one", partition=0)
    async with AIOKafkaConsumer(bootstrap_servers=place.bootstrap, isolation_level="read_committed") as consumer:
        consumer.assign([partition])
        consumer.seek(partition, 0)
        assert [record.offset for record in (await consumer.getmany(timeout_ms=5000))[partition]] == [0]
        assert await consumer.end_offsets([partition]) == {partition: 2}


def test_closing_a_client_swallows_the_cancellation_of_whoever_closes_it():
    """So whoever ends a task that may close a client cancels it until it ends."""
    source = inspect.getsource(AIOKafkaClient.close)
    assert "with contextlib.suppress(asyncio.CancelledError):\n                await self._sync_task" in source
