"""Values of a database as a row of a source holds them: plain text, numbers, dates; JSON as fields within fields."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any


def plain_values(columns: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Give columns as fields; an object in a JSON column becomes `column.field`, a range `.lower` and `.upper`."""
    return dict(pair for name, value in columns for pair in _flat(name, value))


def _flat(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _flat(f"{name}.{key}", inner)
    elif hasattr(value, "lower_inc"):  # a range of PostgreSQL, such as a period
        yield f"{name}.lower", _plain(value.lower)
        yield f"{name}.upper", _plain(value.upper)
    else:
        yield name, _plain(value)


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, (str, bool, int, float, date, datetime)):
        return value
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() and value.is_finite() else float(value)
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value).hex()
    return str(value)  # UUID, interval, address: as the driver writes it
