"""The same record in other bytes: Avro lets a writer cut an array into blocks and say how long each is.

Source: Avro 1.11 specification, complex types, arrays: a negative count is followed by the size of the block in bytes.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

from fastavro import parse_schema, schemaless_writer


def in_blocks(schema: Any, value: Any, names: dict[str, Any] | None = None) -> bytes:
    """Write a value with every item of an array in a block of its own, with its size in bytes before it.

    Args:
        schema: as JSON holds it.
        value: a record of the schema.
        names: the types that were defined before, by their names.
    """
    names = {} if names is None else names
    if isinstance(schema, str) and schema in names:
        return in_blocks(names[schema], value, names)
    if isinstance(schema, list):
        branch = 0 if value is None else 1
        return _written("long", branch) + (b"" if value is None else in_blocks(schema[branch], value, names))
    if isinstance(schema, dict) and schema["type"] in ("record", "enum"):
        names[schema["name"]] = schema
    return _in_blocks(schema, value, names) if isinstance(schema, dict) else _written(schema, value)


def _in_blocks(schema: Mapping[str, Any], value: Any, names: dict[str, Any]) -> bytes:
    if schema["type"] == "record":
        return b"".join(in_blocks(field["type"], value[field["name"]], names) for field in schema["fields"])
    if schema["type"] == "enum":
        return _written("long", schema["symbols"].index(value))
    if schema["type"] == "array":
        items = [in_blocks(schema["items"], item, names) for item in value]
        blocks = [_written("long", -1) + _written("long", len(item)) + item for item in items]
        return b"".join(blocks) + _written("long", 0)
    return _written(schema, value)


def _written(schema: Any, value: Any) -> bytes:
    out = io.BytesIO()
    schemaless_writer(out, parse_schema(schema), value)
    return out.getvalue()
