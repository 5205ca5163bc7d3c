"""The values that pass through the core."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import orjson

Headers = tuple[tuple[str, bytes | None], ...]


@dataclass(frozen=True, slots=True)
class PartitionId:
    """One partition of one topic."""

    topic: str
    partition: int

    @property
    def lane(self) -> str:
        """Name the partition in one string, as the outbox keeps it."""
        return f"{self.topic}/{self.partition}"


@dataclass(frozen=True, slots=True)
class LogRecord:
    """One record as it came from Kafka, nothing decoded.

    Attributes:
        source: where it stands.
        offset: its place in the partition.
        timestamp_ms: Kafka's timestamp, milliseconds since 1970.
        key: the raw key; None where there is none.
        value: the raw value; None for a tombstone.
        headers: names and raw values, in order, doubles kept.
    """

    source: PartitionId
    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: Headers

    def header(self, name: str) -> bytes | None:
        """Give the first header of this name, or None."""
        return next((value for key, value in self.headers if key == name), None)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One record to publish, by way of the outbox.

    Attributes:
        topic: where to.
        key: the partition key: the plan id.
        value: framed Avro.
        headers: CloudEvents headers.
        event_id: unique per service; the guard against publishing twice.
    """

    topic: str
    key: bytes
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]]
    event_id: str


def pack_headers(headers: Sequence[tuple[str, bytes | None]]) -> bytes:
    """Write headers as bytes for the database; `unpack_headers` reads them back exactly."""
    rows = [[name, None if value is None else value.hex()] for name, value in headers]
    return orjson.dumps(rows)


def unpack_headers(packed: bytes) -> Headers:
    """Read what `pack_headers` wrote."""
    return tuple((name, None if value is None else bytes.fromhex(value)) for name, value in orjson.loads(packed))
