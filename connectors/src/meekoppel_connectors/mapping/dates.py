"""Times of a source: read, put in their time zone, given in UTC.

A time without zone is local. Where the clock goes back and a local time exists twice, a start takes the earlier and
an end the later, so that no window becomes shorter. A local time that does not exist, since the clock went forward,
counts from before the change: 02:30 that is skipped is 03:30. A bare date is the midnight with which that day begins;
for an end it is the last second of that day, so that works on consecutive days do not share a moment.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from meekoppel_connectors.mapping.reasons import Reason, Unreadable

EPOCH_DIVISORS = {"epoch_s": 1, "epoch_ms": 1000}
FIRST_YEAR, LAST_YEAR = 1990, 2199
_TIME_DIRECTIVES = ("%H", "%I", "%M", "%S", "%c", "%X", "%s")
_LAST_SECOND = time(23, 59, 59)


def known_zone(name: str) -> str:
    """Check the name of a time zone.

    Raises:
        ValueError: when the time zone database does not have it.
    """
    if name not in available_timezones():
        raise ValueError(f"{name!r} is not a time zone; use a name such as Europe/Amsterdam")
    return name


def time_of(value: Any, formats: Sequence[str], zone: ZoneInfo, *, is_end: bool, end_of_day: bool) -> datetime:
    """Read a time.

    Args:
        value: text, a number of seconds or milliseconds, or a date or time as the source's library gives it.
        formats: `iso`, `epoch_s`, `epoch_ms` or strptime formats, tried in their order.
        zone: of times that have none.
        is_end: whether the later of two equal local times is meant.
        end_of_day: whether a bare date means the end of that day.

    Returns:
        The time, aware and in UTC.

    Raises:
        Unreadable: when no format fits.
    """
    parsed = value if isinstance(value, date) else _parsed(value, formats)
    try:
        if isinstance(parsed, datetime):
            return moment_of(parsed, zone, is_end=is_end)
        moment = datetime.combine(parsed, _LAST_SECOND if end_of_day else time.min)
        return moment_of(moment, zone, is_end=is_end)
    except OverflowError:
        raise _unreadable(value, formats) from None


def _parsed(value: Any, formats: Sequence[str]) -> date:
    text = str(value).strip()
    unlikely: Unreadable | None = None
    for pattern in formats:
        try:
            return _by_format(text, pattern)
        except (ValueError, OverflowError):
            continue
        except Unreadable as error:
            unlikely = error
    raise unlikely or _unreadable(value, formats)


def _by_format(text: str, pattern: str) -> date:
    if pattern == "iso":
        if "W" in text:  # a week, of which Python would take the Monday
            raise ValueError(text)
        moment = datetime.fromisoformat(text)
        return moment.date() if _is_bare_date(text) else moment
    if pattern in EPOCH_DIVISORS:
        return _likely(datetime.fromtimestamp(0, UTC) + timedelta(seconds=float(text) / EPOCH_DIVISORS[pattern]))
    moment = datetime.strptime(text, pattern)  # noqa: DTZ007 - the zone follows
    return moment if any(directive in pattern for directive in _TIME_DIRECTIVES) else moment.date()


def _is_bare_date(text: str) -> bool:
    return len(text) <= len("2026-01-01") and ":" not in text and "T" not in text


def moment_of(moment: datetime, zone: ZoneInfo, *, is_end: bool) -> datetime:
    """Give a time in UTC; one without a zone is local in `zone`.

    Raises:
        Unreadable: when its year is none in which anybody plans works: a mistake, or a mark for "unknown".
    """
    _likely(moment)
    if moment.tzinfo is not None:
        return moment.astimezone(UTC)
    local = moment.replace(tzinfo=zone)
    exists = local.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == moment
    return local.replace(fold=1 if is_end and exists else 0).astimezone(UTC)


def _likely(moment: datetime) -> datetime:
    if FIRST_YEAR <= moment.year <= LAST_YEAR:
        return moment
    message = f"lies in the year {moment.year}, which is a mistake or a mark for unknown; years from {FIRST_YEAR} to "
    raise Unreadable(
        Reason.DATE_UNREADABLE, f"{message}{LAST_YEAR} are taken. Seconds are epoch_s, milliseconds epoch_ms"
    )


def _unreadable(value: Any, formats: Sequence[str]) -> Unreadable:
    return Unreadable(
        Reason.DATE_UNREADABLE,
        f"{value!r} is not a date in the form {' or '.join(formats)}; set date: to the right form",
    )
