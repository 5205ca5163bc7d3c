"""Walking a schema as JSON holds it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def nodes(node: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Give every object in a schema (records, fields, enums, arrays), each with its path."""
    if isinstance(node, dict):
        here = f"{path}/{node['name']}" if "name" in node else path
        yield here or "/", node
        for key in ("fields", "type", "items", "values"):
            yield from nodes(node.get(key), here)
    elif isinstance(node, list):
        for child in node:
            yield from nodes(child, path)
