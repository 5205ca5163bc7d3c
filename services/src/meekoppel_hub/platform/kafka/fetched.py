r"""Read what a broker gives, also where aiokafka cannot.

Kafka lets a producer write any bytes as the name of a header, and any byte as the attributes of a record. aiokafka
raises on a name that is not UTF-8, in the middle of what was fetched and each time again: one such record in one
organisation's inbox would hold up the inbox for ever and turn every poll of the service into an error. Here the batch
that it cannot read is read once more, by Kafka's own rules; the name's odd bytes are then written as `\xff`.
"""

from __future__ import annotations

from typing import Any, Self

from aiokafka.consumer import fetcher
from aiokafka.errors import CorruptRecordException
from aiokafka.record.default_records import DefaultRecord, _DefaultRecordBatchPy
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.record.util import decode_varint

_LENGTH_AT, _LENGTH_ENDS = 8, 12


def read_any_record() -> None:
    """Let all consumers of this process read any record that a broker accepts. Safe to call again."""
    fetcher.MemoryRecords = FetchedRecords


class FetchedRecords:
    """The record batches of one partition in one fetch, as aiokafka's `MemoryRecords` gives them."""

    def __init__(self, data: bytes) -> None:
        self._data = memoryview(data)
        self._records = MemoryRecords(data)
        self._begin = 0

    def has_next(self) -> bool:
        """Tell whether there is another whole batch."""
        return bool(self._records.has_next())

    def size_in_bytes(self) -> int:
        """Count the bytes that were fetched."""
        return int(self._records.size_in_bytes())

    def next_batch(self) -> FetchedBatch | None:
        """Give the next batch."""
        batch = self._records.next_batch()
        if batch is None:
            return None
        begin = self._begin
        length = int.from_bytes(self._data[begin + _LENGTH_AT : begin + _LENGTH_ENDS], "big")
        self._begin = begin + _LENGTH_ENDS + length
        return FetchedBatch(batch, self._data[begin : self._begin])


class FetchedBatch:
    """One batch, read by aiokafka as long as it can."""

    def __init__(self, batch: Any, data: memoryview) -> None:
        self._batch = batch
        self._data = data
        self._given = 0
        self._by_the_rules = False

    def __getattr__(self, name: str) -> Any:
        """Give what aiokafka knows of the batch."""
        return getattr(self._batch, name)

    def __iter__(self) -> Self:
        """Begin to read the records."""
        iter(self._batch)
        return self

    def __next__(self) -> Any:
        """Give the next record.

        Raises:
            CorruptRecordException: when the bytes are no records.
        """
        record = next(self._batch) if self._by_the_rules else self._next_of_aiokafka()
        self._given += 1
        return record

    def _next_of_aiokafka(self) -> Any:
        try:
            record = next(self._batch)
        except (UnicodeDecodeError, CorruptRecordException):
            return self._again()
        # Attributes that it takes for a longer number shift all that follows, the offset first.
        return record if record.offset == self._batch.base_offset + self._given else self._again()

    def _again(self) -> Any:
        """Read the batch from its beginning by Kafka's rules, and pass over what was given out already."""
        self._batch, self._by_the_rules = iter(_ByTheRules(self._data)), True
        for _ in range(self._given):
            next(self._batch)
        return next(self._batch)


class _ByTheRules(_DefaultRecordBatchPy):  # type: ignore[misc]  # aiokafka has no types
    """A batch (format 2) in plain Python: slower, and read as the broker reads it."""

    _buffer: bytearray
    _pos: int

    def _read_msg(self) -> Any:
        length, place = decode_varint(self._buffer, self._pos)
        end = place + length
        delta_ms, place = decode_varint(self._buffer, place + 1)  # one byte of attributes says nothing
        delta, place = decode_varint(self._buffer, place)
        key, place = self._read_bytes(place)
        value, place = self._read_bytes(place)
        count, place = decode_varint(self._buffer, place)
        headers = []
        for _ in range(count):
            name, place = self._read_bytes(place)
            content, place = self._read_bytes(place)
            headers.append(((name or b"").decode("utf-8", "backslashreplace"), content))
        if place != end:
            raise CorruptRecordException(f"a record of {length} bytes holds {place - end} more")
        self._pos = place
        at_append = self.timestamp_type == self.LOG_APPEND_TIME
        timestamp = self.max_timestamp if at_append else self.first_timestamp + delta_ms
        return DefaultRecord(self.base_offset + delta, timestamp, self.timestamp_type, key, value, headers)

    def _read_bytes(self, place: int) -> tuple[bytes | None, int]:
        length, place = decode_varint(self._buffer, place)
        if length < 0:
            return None, place
        return bytes(self._buffer[place : place + length]), place + length
