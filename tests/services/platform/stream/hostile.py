"""Records that no client library would write, and every broker accepts."""

from __future__ import annotations

from aiokafka import AIOKafkaProducer
from aiokafka.record.default_records import _DefaultRecordBatchBuilderPy


class NotUtf8(str):
    """A header name whose bytes are not UTF-8."""

    __slots__ = ("_raw",)

    def __new__(cls, raw: bytes) -> NotUtf8:
        name = super().__new__(cls, "name")
        name._raw = raw
        return name

    def encode(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        return self._raw


async def write_hostile(bootstrap: str, topic: str, *records: tuple[bytes, bytes], partition: int = 0) -> None:
    """Write records in one batch, each with a header whose name is not UTF-8."""
    async with AIOKafkaProducer(bootstrap_servers=bootstrap) as producer:
        batch = producer.create_batch()
        batch._builder = _DefaultRecordBatchBuilderPy(2, 0, 0, -1, -1, -1, 1 << 20)
        for key, value in records:
            batch.append(key=key, value=value, timestamp=None, headers=[(NotUtf8(b"\xff\xfe"), b"v")])
        batch.close()
        await (await producer.send_batch(batch, topic, partition=partition))
