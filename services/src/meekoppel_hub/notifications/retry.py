"""When to try again: exponential backoff with jitter, a Retry-After that is respected within bounds, and an end.

With these numbers an endpoint that stays away is tried 24 times in about three days (58 to 86 hours), as Standard
Webhooks recommends. After that the delivery is held, never dropped.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

MAX_ATTEMPTS = 24
_FIRST = timedelta(seconds=5)
_LONGEST = timedelta(hours=6)
_JITTER = 0.2


def backoff(attempts: int, fraction: float, retry_after: timedelta | None = None) -> timedelta | None:
    """Give how long to wait after this many failed attempts; None when it is enough.

    Args:
        attempts: how many attempts failed so far, at least 1.
        fraction: a random number from 0 to 1: the jitter, 20 % up or down.
        retry_after: what the receiver asked for; never earlier than that, up to six hours.
    """
    if attempts >= MAX_ATTEMPTS:
        return None
    plain = min(_FIRST * (1 << min(attempts - 1, 20)), _LONGEST)
    jittered = plain * (1 - _JITTER + 2 * _JITTER * fraction)
    return jittered if retry_after is None else max(jittered, min(retry_after, _LONGEST))


def parse_retry_after(value: str | None, now: datetime) -> timedelta | None:
    """Read a Retry-After header (RFC 9110): seconds or a date; None when there is none or it is unreadable."""
    if value is None:
        return None
    if value.strip().isdecimal():
        return timedelta(seconds=min(int(value.strip()[:12]), int(_LONGEST.total_seconds())))
    try:
        moment = parsedate_to_datetime(value)
    except (TypeError, ValueError):
        return None
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return max(aware - now, timedelta(0))
