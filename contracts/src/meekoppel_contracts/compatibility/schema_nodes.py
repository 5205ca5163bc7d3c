"""Walking schemas as JSON holds them, with paths that people can follow: the names of records and fields."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

ROOT = "/"


@dataclass(frozen=True, slots=True)
class Node:
    """One object in a schema: a record, a field, an enum, an array.

    Attributes:
        path: names of fields with slashes between, such as `/plan/zones/srid`; `/` is the whole.
        content: as JSON holds it.
    """

    path: str
    content: dict[str, Any]


def nodes(schema: Any, path: str = "") -> Iterator[Node]:
    """Give every object in a schema, from the outside in."""
    if isinstance(schema, list):
        for branch in schema:
            yield from nodes(branch, path)
    elif isinstance(schema, dict):
        yield Node(path or ROOT, schema)
        for field in schema.get("fields", ()):
            here = f"{path}/{field['name']}"
            yield Node(here, field)
            yield from nodes(field["type"], here)
        for key in ("items", "values", "type"):
            if isinstance(schema.get(key), (dict, list)):
                yield from nodes(schema[key], path)


def named_types(schema: Any) -> dict[str, dict[str, Any]]:
    """Find the records and enums that a schema defines, by name."""
    return {node.content["name"]: node.content for node in nodes(schema) if _defines_a_type(node.content)}


def path_of(schema: Any, location: str) -> str:
    """Turn a location as Apache's checker gives it (`/fields/7/type/items`) into names."""
    path, here = "", schema
    for step in (part for part in location.split("/") if part):
        try:
            here = here[int(step)] if step.isdigit() else here[step]
        except (KeyError, IndexError, TypeError):
            break
        if isinstance(here, dict) and "name" in here and not _defines_a_type(here):
            path += f"/{here['name']}"
    return path or ROOT


def _defines_a_type(content: dict[str, Any]) -> bool:
    return content.get("type") in ("record", "enum", "fixed")
