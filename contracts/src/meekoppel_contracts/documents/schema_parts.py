"""The parts of a schema as a reader meets them: its records and code lists, in the order in which they come."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from meekoppel_contracts.registry import Registry

_ORIGIN: Final = re.compile(r" (?:Origin: (.*)|(Own) field(.*))\.$")
_UNITS: Final = (("_m2", "m²"), ("_m", "m"), ("_days", "days"), ("srid", "EPSG number"))


@dataclass(frozen=True, slots=True)
class FieldPart:
    """One field of a record.

    Attributes:
        name: its name.
        type: the names of what it holds, such as `list of Zone`.
        refers_to: the record or code list that it holds; None for a simple value.
        optional: whether it may be null.
        default: what it is when it is left out, as JSON; None when it must be there.
        unit: of the value; empty where there is none.
        meaning: what it means.
        origin: which standard it comes from, or that it is our own.
    """

    name: str
    type: str
    refers_to: str | None
    optional: bool
    default: str | None
    unit: str
    meaning: str
    origin: str


@dataclass(frozen=True, slots=True)
class RecordPart:
    """A record with its fields."""

    name: str
    meaning: str
    fields: tuple[FieldPart, ...]


@dataclass(frozen=True, slots=True)
class CodesPart:
    """A code list, with the symbol that readers fall back to."""

    name: str
    meaning: str
    symbols: tuple[str, ...]
    fallback: str


def parts(schema: Any) -> tuple[list[RecordPart], list[CodesPart]]:
    """Take a schema apart."""
    records: list[RecordPart] = []
    codes: list[CodesPart] = []

    def walk(node: Any) -> None:
        if isinstance(node, list):
            for one in node:
                walk(one)
        elif isinstance(node, dict) and node["type"] == "record":
            records.append(RecordPart(node["name"], node["doc"], tuple(_field(one) for one in node["fields"])))
            for one in node["fields"]:
                walk(one["type"])
        elif isinstance(node, dict) and node["type"] == "enum":
            codes.append(CodesPart(node["name"], node["doc"], tuple(node["symbols"]), node["default"]))
        elif isinstance(node, dict) and node["type"] == "array":
            walk(node["items"])

    walk(schema)
    return records, codes


def differences(subject: str, registry: Registry) -> dict[int, list[str]]:
    """Say per version what it added to the one before, and what it took away; the first has nothing to say."""
    versions = registry.versions(subject)
    taken = {entry.version: parts(json.loads(registry.text(entry.schema_id))) for entry in versions}
    found: dict[int, list[str]] = {versions[0].version: []}
    for older, newer in pairwise(versions):
        before, after = _flat(*taken[older.version]), _flat(*taken[newer.version])
        found[newer.version] = [f"{what} is new" for what in after if what not in before]
        found[newer.version] += [f"{what} is gone" for what in before if what not in after]
    return found


def _flat(records: list[RecordPart], codes: list[CodesPart]) -> list[str]:
    fields = [f"field `{record.name}.{field.name}`" for record in records for field in record.fields]
    return fields + [f"code `{symbol}` of {each.name}" for each in codes for symbol in each.symbols]


def _field(field: Any) -> FieldPart:
    kind = field["type"]
    optional = isinstance(kind, list)
    if optional:
        kind = next(one for one in kind if one != "null")
    name, refers_to = _type(kind)
    meaning, origin = _meaning_and_origin(field["doc"])
    default = json.dumps(field["default"]) if "default" in field else None
    return FieldPart(
        name=field["name"],
        type=name,
        refers_to=refers_to,
        optional=optional,
        default=default,
        unit=_unit(field["name"], name),
        meaning=meaning,
        origin=origin,
    )


def _meaning_and_origin(doc: str) -> tuple[str, str]:
    """Split what a field means from the words at the end that say where it comes from."""
    found = _ORIGIN.search(doc)
    if found is None:
        return doc, ""
    standard, own, after = found.groups()
    return doc[: found.start()], standard or f"{own.lower()}{after}"


def _type(kind: Any) -> tuple[str, str | None]:
    if isinstance(kind, str):
        named = kind[:1].isupper()
        return kind, kind if named else None
    if kind.get("logicalType") == "timestamp-micros":
        return "timestamp", None
    if kind["type"] == "array":
        inner, refers_to = _type(kind["items"])
        return f"list of {inner}", refers_to
    if kind["type"] in ("record", "enum"):
        return kind["name"], kind["name"]
    return str(kind["type"]), None


def _unit(name: str, kind: str) -> str:
    if kind == "timestamp":
        return "µs since 1970, UTC"
    if name in ("geometry", "location"):
        return "WKB; metres in the CRS of srid"
    return next((unit for ending, unit in _UNITS if name.endswith(ending)), "")
