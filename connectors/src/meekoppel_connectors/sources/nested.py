"""Fields within fields, named with dots: what JSON and linked data hold becomes one flat row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def flattened(record: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Give the fields of a record: `{"a": {"b": 1}}` becomes `{"a.b": 1}`.

    A list stays a list. Of a list of objects each field becomes the list of its values, as in XML:
    `{"lanes": [{"type": "a"}, {"type": "b"}]}` becomes `{"lanes.type": ["a", "b"]}`.
    """
    values: dict[str, Any] = {}
    for name, value in record.items():
        _put(values, f"{prefix}{name}", value)
    return values


def _put(values: dict[str, Any], name: str, value: Any) -> None:
    if isinstance(value, Mapping):
        values.update(flattened(value, f"{name}."))
    elif isinstance(value, list) and any(isinstance(one, Mapping) for one in value):
        for one in value:
            for inner, found in (flattened(one, f"{name}.") if isinstance(one, Mapping) else {name: one}).items():
                values.setdefault(inner, []).extend(found if isinstance(found, list) else [found])
    else:
        values[name] = value
