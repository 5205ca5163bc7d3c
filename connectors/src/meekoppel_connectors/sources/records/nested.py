"""Fields within fields, named with dots: what JSON and linked data hold becomes one flat row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

DEEPEST = 50


def flattened(record: Mapping[str, Any], prefix: str = "", depth: int = 0) -> dict[str, Any]:
    """Give the fields of a record: `{"a": {"b": 1}}` becomes `{"a.b": 1}`.

    A list stays a list. Of a list of objects each field becomes the list of its values, as in XML:
    `{"lanes": [{"type": "a"}, {"type": "b"}]}` becomes `{"lanes.type": ["a", "b"]}`.

    Raises:
        ValueError: when objects lie within objects without an end in sight.
    """
    if depth > DEEPEST:
        raise ValueError(f"holds objects within objects, more than {DEEPEST} deep")
    values: dict[str, Any] = {}
    for name, value in record.items():
        _put(values, f"{prefix}{name}", value, depth)
    return values


def top_of(record: Mapping[str, Any]) -> dict[str, Any]:
    """Give the plain fields of a record that cannot be flattened, by which it can still be told."""
    return {name: value for name, value in record.items() if not isinstance(value, (Mapping, list))}


def _put(values: dict[str, Any], name: str, value: Any, depth: int) -> None:
    if isinstance(value, Mapping):
        values.update(flattened(value, f"{name}.", depth + 1))
    elif isinstance(value, list) and any(isinstance(one, Mapping) for one in value):
        for one in value:
            fields = flattened(one, f"{name}.", depth + 1) if isinstance(one, Mapping) else {name: one}
            for inner, found in fields.items():
                values.setdefault(inner, []).extend(found if isinstance(found, list) else [found])
    else:
        values[name] = value
