"""Records that a broker accepts and aiokafka cannot read."""

from __future__ import annotations

import struct

import pytest
from aiokafka.errors import CorruptRecordException
from aiokafka.record.default_records import DefaultRecordBatch, _DefaultRecordBatchBuilderPy
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.record.util import calc_crc32c

from meekoppel_hub.platform.kafka.fetched import FetchedRecords
from tests.services.platform.stream.hostile import NotUtf8


def a_batch(*records, compression=0, base_offset=100) -> bytearray:
    builder = _DefaultRecordBatchBuilderPy(2, compression, 0, -1, -1, -1, 1 << 20)
    for number, (key, value, headers) in enumerate(records):
        builder.append(number, 1_000 + number, key, value, headers)
    data = bytearray(builder.build())
    struct.pack_into(">q", data, 0, base_offset)
    return data


def read(data) -> list[tuple]:
    found = []
    records = FetchedRecords(bytes(data))
    while records.has_next():
        batch = records.next_batch()
        assert batch.validate_crc()
        found += [(record.offset, record.timestamp, record.key, record.value, list(record.headers)) for record in batch]
    return found


GOOD = (b"a", b"1", [("name", b"x"), ("none", None)])
HOSTILE = (b"b", b"2", [(NotUtf8(b"\xff\xfe"), b"y")])
NO_VALUE = (None, None, [])


@pytest.mark.parametrize("compression", [0, 1, 2, 3, 4])
def test_a_header_name_that_is_not_utf8_hides_no_record(compression):
    found = read(a_batch(GOOD, HOSTILE, NO_VALUE, compression=compression) + a_batch(GOOD, base_offset=200))
    assert found == [
        (100, 1000, b"a", b"1", [("name", b"x"), ("none", None)]),
        (101, 1001, b"b", b"2", [("\\xff\\xfe", b"y")]),
        (102, 1002, None, None, []),
        (200, 1000, b"a", b"1", [("name", b"x"), ("none", None)]),
    ]


def test_attributes_that_nobody_uses_do_not_shift_a_record():
    data = a_batch(GOOD, GOOD)
    data[62] = 0xFF  # the attributes of the first record
    struct.pack_into(">I", data, 17, calc_crc32c(bytes(data[21:])))
    assert [(offset, key, value) for offset, _, key, value, _ in read(data)] == [(100, b"a", b"1"), (101, b"a", b"1")]


def test_bytes_that_are_no_records_are_still_told_apart():
    data = a_batch(GOOD)
    data[61] = 2  # a record that is shorter than what it holds
    struct.pack_into(">I", data, 17, calc_crc32c(bytes(data[21:])))
    with pytest.raises(CorruptRecordException):
        read(data)


def test_aiokafka_alone_raises_and_reads_attributes_as_a_longer_number():
    with pytest.raises(UnicodeDecodeError):
        list(MemoryRecords(bytes(a_batch(HOSTILE))).next_batch())
    data = a_batch(GOOD)
    data[62] = 0xFF
    assert [record.offset for record in DefaultRecordBatch(bytes(data))] != [100]
