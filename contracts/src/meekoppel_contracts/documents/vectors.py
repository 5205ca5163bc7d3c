"""Golden vectors: bytes, headers and what they mean, for whoever implements a reader or writer in another language."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from meekoppel_contracts.documents.examples import Example, examples
from meekoppel_contracts.documents.plain import framed, read_as
from meekoppel_contracts.registry import Registry, SchemaVersion

_ABSENT: Final = object()


def vectors(subject: str, registry: Registry) -> dict[str, Any]:
    """Make the vectors of one contract: every example, by every version that can say it, as every version reads it."""
    made = [
        _vector(example, writer, values, registry)
        for example in examples(subject)
        for writer in registry.versions(subject)
        if (values := _said_by(json_schema(writer, registry), example.record.model_dump())) is not _ABSENT
    ]
    return {"subject": subject, "vectors": made}


def json_schema(entry: SchemaVersion, registry: Registry) -> Any:
    """Give a schema as its file has it: fastavro's own form has lost the order of names."""
    return json.loads(registry.text(entry.schema_id))


def _vector(example: Example, writer: SchemaVersion, values: Any, registry: Registry) -> dict[str, Any]:
    data = framed(values, writer, registry)
    headers = replace(example.headers, dataschema=writer.uri)
    return {
        "name": f"{example.name}, version {writer.version}",
        "meaning": example.meaning,
        "writer": {"version": writer.version, "schema_id": writer.schema_id, "file": writer.file},
        "key": headers.partition_key,
        "headers": {name: value.decode() for name, value in headers.to_kafka()},
        "framed": data.hex(),
        "reads_as": {
            str(reader.version): read_as(data, writer, reader, registry)
            for reader in registry.versions(example.subject)
        },
    }


def _said_by(schema: Any, value: Any, names: dict[str, Any] | None = None) -> Any:
    """Give what a version can say of a value, without the fields that it lacks; `_ABSENT` when that loses something.

    A version that lacks a field can say a record in which that field has nothing: null, or an empty list.
    """
    names = {} if names is None else names
    if isinstance(schema, str):
        return _said_by(names[schema], value, names) if schema in names else value
    if isinstance(schema, list):
        return None if value is None else _said_by(next(one for one in schema if one != "null"), value, names)
    if schema["type"] == "record":
        names[schema["name"]] = schema
        return _record_said_by(schema, value, names)
    if schema["type"] == "enum":
        names[schema["name"]] = schema
        return value if value in schema["symbols"] else _ABSENT
    if schema["type"] == "array":
        items = [_said_by(schema["items"], one, names) for one in value]
        return _ABSENT if any(one is _ABSENT for one in items) else items
    return value


def _record_said_by(schema: Any, value: Mapping[str, Any], names: dict[str, Any]) -> Any:
    fields = {field["name"]: field for field in schema["fields"]}
    if any(one for name, one in value.items() if name not in fields):
        return _ABSENT
    said = {name: _said_by(field["type"], value[name], names) for name, field in fields.items()}
    return _ABSENT if any(one is _ABSENT for one in said.values()) else said
