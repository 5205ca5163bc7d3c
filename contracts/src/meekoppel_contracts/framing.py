"""Confluent framing: a zero byte, the schema id in four bytes (big-endian), then the Avro body."""

from __future__ import annotations

from meekoppel_contracts.errors import FramingError
from meekoppel_contracts.ids import SchemaId

MAGIC_BYTE = 0
PREFIX_LENGTH = 5


def frame_prefix(schema_id: SchemaId) -> bytes:
    """Give the five bytes that stand before the body."""
    return bytes((MAGIC_BYTE,)) + schema_id.to_bytes(4, "big")


def framed_schema_id(data: bytes | None) -> SchemaId:
    """Read which schema wrote the body, without decoding it.

    Raises:
        FramingError: when there is no value (a tombstone), or it does not begin as a framed record does.
    """
    if not data:
        raise FramingError("the record has no value (a tombstone or an empty one); a framed Avro record was expected")
    if data[0] != MAGIC_BYTE:
        raise FramingError(
            f"the value begins with byte 0x{data[0]:02x} where a framed Avro record has 0x00; "
            "was it written without the Confluent framing?"
        )
    if len(data) < PREFIX_LENGTH:
        raise FramingError(f"the value ends after {len(data)} bytes; the framing alone takes {PREFIX_LENGTH}")
    return SchemaId(int.from_bytes(data[1:PREFIX_LENGTH], "big"))
