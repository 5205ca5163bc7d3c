"""Records as plain values, without building their models: for readers and writers of very many of them.

As strict about the bytes as the codec is: framing, a known schema, one whole record and nothing left over. What the
models check beyond that is not checked again: whoever wrote a record into the log did, and a reader takes from it only
what it needs. Moments are microseconds since 1970, bytes are bytes, and codes are numbers: their place in the code list
of the newest version, by which `PlainReader.names` tells their names. Looking each of them up in every record would
cost a third of the reading.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from typing import Any

from fastavro import parse_schema, schemaless_reader, schemaless_writer

from meekoppel_contracts.errors import ContractError, FramingError, SchemaMismatch
from meekoppel_contracts.framing import PREFIX_LENGTH, frame_prefix, framed_schema_id
from meekoppel_contracts.ids import SchemaId
from meekoppel_contracts.registry import Registry, Resolution, packaged_registry


class PlainReader:
    """Reads the records of one subject as they become under its newest version. It may be shared between threads.

    Args:
        subject: the contract, such as `plan-event`.
        registry: where the schemas are; those of this package when left out.
    """

    def __init__(self, subject: str, registry: Registry | None = None) -> None:
        self._subject = subject
        self._registry = registry or packaged_registry()
        self._newest = self._registry.newest(subject).schema_id
        own = self._registry.parsed(self._newest)
        self._plain = plain_schema(own)
        self._numbers = parse_schema(_numbered(_without_logical_types(own)))
        self._others: dict[SchemaId, Resolution] = {}
        self.names: Mapping[str, Mapping[int, str]] = dict(_code_lists(own))

    def read(self, data: bytes | None) -> dict[str, Any]:
        """Read one framed record, whichever version of the contract wrote it.

        Raises:
            FramingError: when the value is no framed record, or bytes are left over after it.
            UnknownSchema: when no contract has its schema id.
            SchemaMismatch: when it is of another contract, or its body does not follow its schema.
        """
        schema_id = framed_schema_id(data)
        source = io.BytesIO(data or b"")
        source.seek(PREFIX_LENGTH)
        try:
            if schema_id == self._newest:
                values = schemaless_reader(source, self._numbers, None)
            else:
                values = self._as_newest(source, schema_id)
        except ContractError:
            raise
        except Exception as error:
            raise SchemaMismatch(
                f"the value does not follow contract {self._subject} (schema id {schema_id}): {type(error).__name__}"
            ) from error
        if source.read(1):
            raise FramingError(
                f"bytes are left over after the {self._subject} (schema id {schema_id}); "
                "they were written with another schema, or more than one record was put into one value"
            )
        return values  # type: ignore[return-value]  # a record, by its schema

    def _as_newest(self, source: io.BytesIO, schema_id: SchemaId) -> Any:
        """Read a record of another version: by its names, as the newest version has them, then as numbers."""
        resolution = self._others.get(schema_id)
        if resolution is None:
            found = self._registry.resolution(schema_id, self._newest)
            resolution = Resolution(plain_schema(found.writer), self._plain)
            self._others[schema_id] = resolution
        values = schemaless_reader(source, resolution.writer, resolution.reader)
        again = io.BytesIO()
        schemaless_writer(again, self._plain, values, strict=True)
        again.seek(0)
        return schemaless_reader(again, self._numbers, None)


class PlainWriter:
    """Writes records of one subject from plain values, in its newest version. It may be shared between threads.

    For whoever makes very many records of values that are right by their making; no model checks them. Moments are
    microseconds since 1970, codes are their names.

    Args:
        subject: the contract, such as `overlap-event`.
    """

    def __init__(self, subject: str) -> None:
        version = packaged_registry().newest(subject)
        self.uri = version.uri
        self._prefix = frame_prefix(version.schema_id)
        self._schema = plain_schema(packaged_registry().parsed(version.schema_id))

    def write(self, values: Mapping[str, Any]) -> bytes:
        """Write one record, framed; what is left out takes the default of the contract.

        Raises:
            SchemaMismatch: when a value does not fit the schema.
        """
        out = io.BytesIO()
        out.write(self._prefix)
        try:
            schemaless_writer(out, self._schema, values, disable_tuple_notation=True)
        except Exception as error:
            raise SchemaMismatch(f"the record cannot be written: {type(error).__name__}: {error}") from error
        return out.getvalue()


def plain_schema(schema: Any) -> Any:
    """Take the logical types out of a schema: a moment is read and written as the number it is stored as."""
    return parse_schema(_without_logical_types(schema))


def _without_logical_types(schema: Any) -> Any:
    if isinstance(schema, dict):
        return {
            name: _without_logical_types(value)
            for name, value in schema.items()
            if name != "logicalType" and not name.startswith("__")  # what fastavro notes of a parsed schema
        }
    if isinstance(schema, list):
        return [_without_logical_types(part) for part in schema]
    return schema


def _numbered(schema: Any) -> Any:
    """Take codes as numbers: an enum is written as the place of its symbol. What only describes is left out."""
    if isinstance(schema, list):
        return [_numbered(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("type") == "enum":
        return "int"
    return {name: _numbered(value) for name, value in schema.items() if name not in ("default", "doc", "aliases")}


def _code_lists(schema: Any) -> Iterator[tuple[str, dict[int, str]]]:
    if isinstance(schema, list):
        for part in schema:
            yield from _code_lists(part)
    elif isinstance(schema, dict):
        if schema.get("type") == "enum":
            yield schema["name"].rpartition(".")[2], dict(enumerate(schema["symbols"]))
        for value in schema.values():
            yield from _code_lists(value)
