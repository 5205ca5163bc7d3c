from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from meekoppel_hub.platform.errors import SettingsError, TransientError
from meekoppel_hub.platform.stream.read import Cursor, read_log
from meekoppel_hub.platform.stream.records import PartitionId

BEGIN = datetime(2026, 11, 1, tzinfo=UTC)


def minute(number: float) -> datetime:
    return BEGIN + timedelta(minutes=number)


async def test_partitions_are_merged_by_time_and_keep_their_own_order(log) -> None:
    for at, partition in [(1, 0), (2, 1), (3, 0), (4, 2), (5, 1), (5, 0), (0, 2)]:
        await log.raw(b"x", at, partition)
    # Partition 2 holds minute 4 before minute 0: its own order holds, whatever the clocks said.
    assert await log.places() == [(0, 0), (1, 0), (0, 1), (2, 0), (2, 1), (0, 2), (1, 1)]


async def test_records_come_as_they_were_written(log) -> None:
    headers = (("odd", b"\xff"), ("odd", b"twice"), ("none", None))
    await log.raw(None, 1, 2, headers)
    (record,) = await log.read()
    assert (record.source, record.offset) == (PartitionId(log.topics[0], 2), 0)
    assert (record.key, record.value, record.headers) == (b"key", None, headers)
    assert record.timestamp_ms == int(minute(1).timestamp() * 1000)


async def test_two_topics_are_read_together_in_order_of_time(log) -> None:
    for at, topic in [(1, 0), (2, 1), (3, 0)]:
        await log.raw(b"x", at, 0, (), topic)
    assert [log.topics.index(record.source.topic) for record in await log.read()] == [0, 1, 0]


async def test_an_empty_log_ends_at_once(log) -> None:
    assert await log.read() == []


async def test_windows_that_touch_neither_overlap_nor_leave_a_gap(log) -> None:
    for at in range(12):
        await log.raw(b"x", at, at % 3)
    everything = await log.places()
    cuts = [None, minute(2), minute(2.5), minute(7), minute(100), None]
    parts = [await log.places(start, end) for start, end in pairwise(cuts)]
    assert [len(part) for part in parts] == [2, 1, 4, 5, 0]
    assert [place for part in parts for place in part] == everything


async def test_the_start_of_a_window_belongs_to_it_and_its_end_does_not(log) -> None:
    for at in range(4):
        await log.raw(b"x", at)
    assert await log.places(minute(1), minute(3)) == [(0, 1), (0, 2)]


async def test_reading_ends_where_the_log_ended_when_it_began(log) -> None:
    for at in range(3):
        await log.raw(b"x", at)
    seen = 0
    async for _ in read_log(log.bootstrap, log.topics):
        seen += 1
        await log.raw(b"later", 10 + seen)
    assert seen == 3


async def test_the_cursor_of_one_reading_begins_the_next_without_gap_or_doubling(log) -> None:
    for at in range(7):
        await log.raw(b"x", at, at % 3)
    first = await log.places()
    for at in range(7, 12):
        await log.raw(b"x", at, at % 3)
    cursor = Cursor.parse(str(log.windows[-1].end))
    second = await log.places(cursor)
    assert len(first + second) == 12
    assert sorted(first + second) == sorted(await log.places())


async def test_a_cursor_that_names_one_partition_reads_the_others_from_the_beginning(log) -> None:
    for partition in (0, 0, 1):
        await log.raw(b"x", 1, partition)
    source = PartitionId(log.topics[0], 0)
    assert await log.places(Cursor({source: 1})) == [(0, 1), (1, 0)]
    assert PartitionId(log.topics[0], 1) in log.windows[-1].unnamed
    assert source not in log.windows[-1].unnamed


async def test_more_than_one_fetch_of_each_partition_is_read_whole_and_in_order(log) -> None:
    big = b"x" * 100_000
    for number in range(120):
        await log.raw(big, number, 0 if number < 60 else 1)
    assert await log.places() == [(0, number) for number in range(60)] + [(1, number) for number in range(60)]


@pytest.mark.parametrize(
    ("offset", "partition", "why"), [(9, 0, "the log holds 0 to 1"), (0, 7, "not among what is read")]
)
async def test_a_cursor_that_the_log_does_not_hold_is_refused(log, offset: int, partition: int, why: str) -> None:
    await log.raw(b"x", 1)
    with pytest.raises(SettingsError, match=why):
        await log.read(Cursor({PartitionId(log.topics[0], partition): offset}))


async def test_a_topic_that_does_not_exist_is_refused(log) -> None:
    with pytest.raises(SettingsError, match="'nowhere' does not exist"):
        async for _ in read_log(log.bootstrap, ["nowhere"]):
            pass


async def test_a_time_without_a_zone_is_refused(log) -> None:
    with pytest.raises(SettingsError, match="has no zone"):
        await log.read(minute(1).replace(tzinfo=None))


async def test_a_cluster_that_is_away_is_said_in_one_sentence() -> None:
    with pytest.raises(TransientError, match="cannot be read from"):
        async for _ in read_log("127.0.0.1:9", ["plans"]):
            pass


@pytest.mark.parametrize("text", ["", "plans", "plans/0", "plans/0:-1", "plans/x:1", "plans/0:1,,plans/1:1"])
def test_what_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="topic/partition:offset"):
        Cursor.parse(text)


def test_a_cursor_is_read_as_it_is_written() -> None:
    text = "plans/0:120,plans/10:98,plans-restricted/2:0"
    assert Cursor.parse(text).offsets[PartitionId("plans", 10)] == 98
    assert Cursor.parse(str(Cursor.parse(text))) == Cursor.parse(text)
