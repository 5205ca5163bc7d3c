"""What Avro allows and we do not: rules for one schema by itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from meekoppel_contracts.compatibility.schema_nodes import Node, nodes
from meekoppel_contracts.compatibility.violations import Violation

# What the documentation of a field has to say, by the end of its name or by its type.
_UNITS = (("_m", "metre"), ("_m2", "square metre"), ("_days", "day"), ("srid", "EPSG"), ("geometry", "CRS"))
_ORIGIN = ("Origin:", "Own ")


def lint(subject: str, version: int, schema: Any) -> list[Violation]:
    """List what breaks our own rules in one version, as JSON holds it."""
    return [
        Violation(subject, version, node.path, rule, reason)
        for node in nodes(schema)
        for rule, reason in (*_type_problems(node.content), *_documentation_problems(node))
    ]


def _type_problems(content: dict[str, Any]) -> Iterator[tuple[str, str]]:
    kind = content["type"]
    if kind == "enum" and content.get("default") not in content["symbols"]:
        yield "enum_default", f"enum {content['name']} has no default among its symbols, to which old readers fall back"
    if isinstance(kind, list):
        yield from _union_problems(content, kind)
    if isinstance(kind, dict) and kind["type"] == "array" and content.get("default", []) != []:
        yield "array_default", "is an array whose default is not empty"
    if content.get("logicalType") == "timestamp-millis":
        yield "microseconds", "is a time in milliseconds where all others are in microseconds"
    if kind in ("int", "float"):
        yield "widest_number", f"is {kind}; take {'long' if kind == 'int' else 'double'}, which never has to grow"


def _union_problems(content: dict[str, Any], branches: list[Any]) -> Iterator[tuple[str, str]]:
    if branches[0] != "null" or len(branches) != 2:
        yield "null_first", "is a union that is not null first and one type"
    elif "default" not in content:
        yield "optional_default", "is optional without default null"
    elif content["default"] is not None:
        default = json.dumps(content["default"])
        yield "union_default", f"has default {default}, which is not of the first branch of its union, null"


def _documentation_problems(node: Node) -> Iterator[tuple[str, str]]:
    if "name" not in node.content:
        return
    doc = node.content.get("doc", "").strip()
    if not doc:
        yield "documented", "has no doc"
        return
    if not any(word in doc for word in _ORIGIN):
        yield "origin", "does not say where it comes from: end it with 'Origin: <standard>.' or 'Own field.'"
    if node.content["type"] not in ("record", "enum"):
        yield from _unit_problems(node.content, doc)


def _unit_problems(field: dict[str, Any], doc: str) -> Iterator[tuple[str, str]]:
    for ending, word in _UNITS:
        if field["name"].endswith(ending) and word not in doc.lower() and word not in doc:
            yield "unit", f"does not say {word!r}, which its name asks for"
    kind = json.dumps(field["type"])
    if "timestamp-micros" in kind and '"record"' not in kind and "microseconds" not in doc:
        yield "unit", "is a time whose doc does not say that it counts microseconds since 1970"
