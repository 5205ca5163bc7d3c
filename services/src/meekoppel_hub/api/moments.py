"""Times in parameters: moments, periods as OGC API Features writes them, and the recorded time to go back to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import Query
from pydantic import BeforeValidator, TypeAdapter, ValidationError

from meekoppel_hub.api.errors import BadRequest

_OPEN_ENDS = ("", "..")
_DATE_LENGTH = len("2026-03-01")


def _no_bare_number(value: object) -> object:
    """Refuse `2026`, which would be taken for seconds since 1970."""
    if isinstance(value, str) and value.strip().lstrip("+-").replace(".", "", 1).isdigit():
        raise ValueError("write a date or time, such as 2026-03-01 or 2026-03-01T12:00:00Z")
    return value


Moment = Annotated[datetime, BeforeValidator(_no_bare_number)]
From = Annotated[
    Moment | None, Query(alias="from", description="The plan's window ends then or later; UTC without a zone.")
]
To = Annotated[
    Moment | None,
    Query(alias="to", description="The plan's window begins then or earlier; UTC without a zone."),
]
Period = Annotated[
    str | None,
    Query(
        alias="datetime",
        description="A moment or a period that the plan's window touches, as OGC API Features writes it; UTC without "
        "a zone; `..` is an open end. In the place of `from` and `to`.",
        examples=["2027-03-01/2027-06-30", "2027-03-01T00:00:00Z/.."],
    ),
]
AsOf = Annotated[
    Moment | None,
    Query(
        description="Go back in recorded time: what the hub knew at this moment; UTC without a zone, a date is its "
        "beginning. What was not shared with you then, or is not now, is left out.",
        examples=["2026-10-01T00:00:00Z"],
    ),
]

_MOMENT: TypeAdapter[datetime] = TypeAdapter(Moment)


def in_utc(moment: datetime | None) -> datetime | None:
    """Give a moment in UTC; without a zone it is taken for UTC.

    Raises:
        BadRequest: when it lies outside the years that can be stored.
    """
    if moment is None:
        return None
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:
        raise BadRequest(f"{moment} lies outside the years that can be stored") from None


def read_as_of(moment: datetime | None, now: datetime) -> datetime | None:
    """Read the recorded time to go back to.

    Raises:
        BadRequest: when it has not come yet.
    """
    asked = in_utc(moment)
    if asked is not None and asked > now:
        raise BadRequest(
            f"as_of {asked.isoformat()} has not come yet; leave it out for what is known now, "
            "and ask for a period to come with datetime"
        )
    return asked


def read_period(
    period: str | None, period_from: datetime | None, period_to: datetime | None
) -> tuple[datetime | None, datetime | None]:
    """Read the period that is asked for, from `datetime` or from `from` and `to`.

    Raises:
        BadRequest: when it cannot be read, ends before it begins, or is given both ways.
    """
    if period is None:
        return in_utc(period_from), in_utc(period_to)
    if period_from is not None or period_to is not None:
        raise BadRequest("datetime and from or to both say which period; give one of them")
    first, slash, last = period.partition("/")
    if not slash and first in _OPEN_ENDS:
        raise BadRequest("datetime names no moment; write 2027-03-01, or a period as 2027-03-01/2027-06-30")
    begin = _end_of_period(first, period, last_moment=False)
    end = _end_of_period(last if slash else first, period, last_moment=True)
    if begin is not None and end is not None and begin > end:
        raise BadRequest(f"datetime {period!r} ends before it begins")
    return begin, end


def _end_of_period(text: str, period: str, *, last_moment: bool) -> datetime | None:
    """Read one end of a period; a date as its end means the whole of that day."""
    if text.strip() in _OPEN_ENDS:
        return None
    try:
        moment = in_utc(_MOMENT.validate_python(text.strip()))
    except ValidationError as error:
        problem = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise BadRequest(f"datetime {period!r}: {text.strip()!r} is no moment: {problem}") from error
    if (
        last_moment
        and moment is not None
        and len(text.strip()) == _DATE_LENGTH
        and moment < datetime.max.replace(tzinfo=UTC) - timedelta(days=1)
    ):
        moment += timedelta(days=1) - timedelta(microseconds=1)
    return moment
