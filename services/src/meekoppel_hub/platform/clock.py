"""The clock, passed in wherever time matters."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def utc_now() -> datetime:
    """Give the time now, aware and in UTC."""
    return datetime.now(UTC)


def to_micros(moment: datetime) -> int:
    """Count the microseconds from 1970 to an aware moment, exactly: as the view keeps the moments of plans."""
    passed = moment - _EPOCH
    return (passed.days * 86_400 + passed.seconds) * 1_000_000 + passed.microseconds
