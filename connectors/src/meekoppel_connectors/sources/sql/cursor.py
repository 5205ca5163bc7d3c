"""How far a table was read: the time and id of its last row, as a cursor keeps them and as the database takes them.

A row that was committed late carries a time from before rows that were read already. So reading begins again a little
before the last time (the overlap); what has not changed is then found to be the same by its content. A table holds of
each record only its present state, so that nothing old can come back this way.
"""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from meekoppel_connectors.sources.cursor import TieSafe

_TIME_MARK = "@"
"""Before times, to tell them from text that only looks like one; before text that begins with it."""
_EPOCH_SECONDS = 1_000_000_000
_EPOCH_MILLISECONDS = 100_000_000_000


class NoCursorValueError(ValueError):
    """A value of the time or id column by which nothing can be ordered and kept, such as binary data."""


def kept(time: Any, id: Any) -> TieSafe:
    """Give time and id of a row as a cursor keeps them.

    Raises:
        NoCursorValueError: when one of them is of a kind that cannot be kept.
    """
    number = _kept(id)
    return TieSafe(_kept(time), str(number) if isinstance(number, float) else number)


def asked(value: str | int | float) -> Any:
    """Give a kept value as the database takes it."""
    if not (isinstance(value, str) and value.startswith(_TIME_MARK)):
        return value
    text = value.removeprefix(_TIME_MARK)
    if text.startswith(_TIME_MARK):
        return text
    return datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text)


def looking_back(time: Any, seconds: float) -> Any | None:
    """Give the time from which to read again; None when this column is a counter, or text that is no time.

    Args:
        time: of the last row, as the database gives it; a number of the size of an epoch in seconds or milliseconds
            is taken for one.
        seconds: how far to look back.
    """
    if isinstance(time, datetime):
        return time - timedelta(seconds=seconds)
    if isinstance(time, date):  # the rest of its day was perhaps not there yet
        return time - timedelta(days=math.ceil(seconds / 86_400) - 1 if seconds > 86_400 else 0)
    if isinstance(time, (int, float)):
        if time < _EPOCH_SECONDS:
            return None
        return time - seconds * (1000 if time >= _EPOCH_MILLISECONDS else 1)
    return _earlier_text(str(time), seconds)


def _earlier_text(text: str, seconds: float) -> str | None:
    """Count back in a time that is kept as text, in the form of that text, so that texts still compare as times do."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if len(text) <= len("2026-01-01"):
        return text
    earlier = (moment - timedelta(seconds=seconds)).isoformat(
        sep=text[len("2026-01-01")], timespec="microseconds" if "." in text else "seconds"
    )
    return earlier.replace("+00:00", "Z") if text.endswith("Z") else earlier


def _kept(value: Any) -> str | int | float:
    if isinstance(value, datetime):
        return f"{_TIME_MARK}{(value.astimezone(UTC) if value.tzinfo else value).isoformat()}"
    if isinstance(value, date):
        return f"{_TIME_MARK}{value.isoformat()}"
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else str(value)
    if isinstance(value, (bytes, bytearray, memoryview, dict, list)):
        raise NoCursorValueError("holds binary or nested values, by which changes cannot be followed")
    if isinstance(value, (int, float)):
        return value
    text = str(value)
    return f"{_TIME_MARK}{text}" if text.startswith(_TIME_MARK) else text
