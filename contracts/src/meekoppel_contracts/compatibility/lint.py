"""What Avro allows and we do not: rules for one schema by itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from meekoppel_contracts.compatibility.schema_nodes import nodes
from meekoppel_contracts.compatibility.violations import Violation


def lint(subject: str, version: int, text: str) -> list[Violation]:
    """List what breaks our own rules in one version."""
    return [
        Violation(subject, version, path, rule, reason)
        for path, node in nodes(json.loads(text))
        for rule, reason in _problems(node)
    ]


def _problems(node: dict[str, Any]) -> Iterator[tuple[str, str]]:
    kind = node.get("type")
    if "name" in node and not node.get("doc", "").strip():
        yield "documented", "has no doc"
    if kind == "enum" and node.get("default") not in node["symbols"]:
        yield "enum_default", "is an enum without a default symbol of its own"
    if isinstance(kind, list):
        yield from _union_problems(node, kind)
    if isinstance(kind, dict) and kind.get("type") == "array" and node.get("default") not in ([], None):
        yield "array_default", "is an array whose default is not empty"
    if node.get("logicalType") == "timestamp-millis":
        yield "microseconds", "is a time in milliseconds where all others are in microseconds"


def _union_problems(node: dict[str, Any], branches: list[Any]) -> Iterator[tuple[str, str]]:
    if branches[0] != "null" or len(branches) != 2:
        yield "null_first", "is a union that is not null first and one type"
    elif node.get("default", "absent") is not None:
        yield "optional_default", "is optional without default null"
