"""Records as plain JSON, the same in every language: what Avro's decoder gives, bytes in hexadecimal.

Times stay what they are on the wire: microseconds since 1970-01-01T00:00Z.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from fastavro import schemaless_reader, schemaless_writer

from meekoppel_contracts.framing import PREFIX_LENGTH, frame_prefix
from meekoppel_contracts.registry import Registry, SchemaVersion

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def plain(value: Any) -> Any:
    """Turn a decoded value into plain JSON."""
    if isinstance(value, Mapping):
        return {name: plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, datetime):
        since = value - _EPOCH
        return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
    if isinstance(value, str):
        return str(value)  # of a code, its text
    return value


def framed(values: Mapping[str, Any], entry: SchemaVersion, registry: Registry) -> bytes:
    """Write values with one version of a contract, framed."""
    out = io.BytesIO()
    out.write(frame_prefix(entry.schema_id))
    schemaless_writer(out, registry.parsed(entry.schema_id), values, strict=True, disable_tuple_notation=True)
    return out.getvalue()


def read_as(data: bytes, writer: SchemaVersion, reader: SchemaVersion, registry: Registry) -> Any:
    """Read framed bytes as a reader of some version does; gives plain JSON."""
    resolution = registry.resolution(writer.schema_id, reader.schema_id)
    return plain(schemaless_reader(io.BytesIO(data[PREFIX_LENGTH:]), resolution.writer, resolution.reader))
