"""Times of PostgreSQL that Python has not, such as `infinity`, as text; psycopg would end the reading at them."""

from __future__ import annotations

from typing import Any

from psycopg import DataError
from psycopg.adapt import Loader
from psycopg.types.datetime import DateLoader, TimestampLoader, TimestamptzLoader


def _lenient(strict: type[Loader]) -> type[Loader]:
    class Lenient(strict):  # type: ignore[valid-type, misc]  # a class made of another that is a parameter
        """Gives what the strict one cannot read as text."""

        def load(self, data: Any) -> Any:
            """Read one value."""
            try:
                return super().load(data)
            except DataError:
                return bytes(data).decode()

    return Lenient


LOADERS = {
    "date": _lenient(DateLoader),
    "timestamp": _lenient(TimestampLoader),
    "timestamptz": _lenient(TimestamptzLoader),
}
"""Type of PostgreSQL → how its values are read."""
