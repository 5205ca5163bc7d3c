"""Golden vectors: bytes, headers and what they mean, for whoever implements a reader or writer in another language."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from meekoppel_contracts.documents.blocks import in_blocks
from meekoppel_contracts.documents.examples import IN_FULL, Example, examples, in_full
from meekoppel_contracts.documents.plain import framed, read_as
from meekoppel_contracts.framing import PREFIX_LENGTH, frame_prefix
from meekoppel_contracts.ids import SchemaId
from meekoppel_contracts.registry import Registry, SchemaVersion

_ABSENT: Final = object()
_NO_ID: Final = SchemaId(2**31 - 1)


def vectors(subject: str, registry: Registry) -> dict[str, Any]:
    """Make the vectors of one contract: every example, by every version that can say it, as every version reads it.

    After them stand values that no reader may take for a record of the contract.
    """
    made = [
        _vector(example, writer, values, registry)
        for example in examples(subject)
        for writer in registry.versions(subject)
        if (values := _said_by(json_schema(writer, registry), example.record.model_dump())) is not _ABSENT
    ]
    return {"subject": subject, "vectors": made, "refused": _refused(subject, registry)}


def json_schema(entry: SchemaVersion, registry: Registry) -> Any:
    """Give a schema as its file has it: fastavro's own form has lost the order of names."""
    return json.loads(registry.text(entry.schema_id))


def _vector(example: Example, writer: SchemaVersion, values: Any, registry: Registry) -> dict[str, Any]:
    data = framed(values, writer, registry)
    headers = replace(example.headers, dataschema=writer.uri)
    also = frame_prefix(writer.schema_id) + in_blocks(json_schema(writer, registry), values)
    return {
        "name": f"{example.name}, version {writer.version}",
        "meaning": example.meaning,
        "writer": {"version": writer.version, "schema_id": writer.schema_id, "file": writer.file},
        "key": headers.partition_key,
        "headers": {name: value.decode() for name, value in headers.to_kafka()},
        "framed": data.hex(),
        **({"also_framed": [also.hex()]} if example.name == IN_FULL else {}),
        "reads_as": {
            str(reader.version): read_as(data, writer, reader, registry)
            for reader in registry.versions(example.subject)
        },
    }


def _refused(subject: str, registry: Registry) -> list[dict[str, str]]:
    newest = registry.newest(subject)
    data = framed(in_full(subject).record.model_dump(), newest, registry)
    other = next(registry.newest(one) for one in registry.subjects() if one != subject)
    cases = (
        ("tombstone", "No value, or an empty one.", b""),
        ("not framed", "The body alone, without the five bytes before it.", data[PREFIX_LENGTH:]),
        ("half a frame", "It ends within the schema id.", data[:3]),
        ("no body", "The frame, and nothing after it.", data[:PREFIX_LENGTH]),
        ("unknown id", "No contract has this schema id.", frame_prefix(_NO_ID) + data[PREFIX_LENGTH:]),
        (
            "another contract",
            f"A record of {other.subject}: its id is known, and it is not what this reader takes.",
            framed(in_full(other.subject).record.model_dump(), other, registry),
        ),
        ("cut off", "It ends in the middle of the record.", data[:-2]),
        ("left over", "A byte stands after the record.", data + b"\x00"),
        ("two records", "A second record stands after the first.", data + data[PREFIX_LENGTH:]),
    )
    return [{"name": name, "meaning": meaning, "framed": refused.hex()} for name, meaning, refused in cases]


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
