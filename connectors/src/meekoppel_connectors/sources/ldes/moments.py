"""Times in linked data, read so that they can be put in order."""

from __future__ import annotations

from datetime import UTC, datetime


def moment_of(text: str) -> datetime | None:
    """Read a time (xsd:dateTime or xsd:date); one without a zone is UTC; None when there is no such time."""
    try:
        moment = datetime.fromisoformat(text.strip())
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):  # or it lies outside the years 1 to 9999 in UTC
        return None


def sortable(moment: datetime) -> str:
    """Write a time so that texts sort as times do, to the microsecond."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")
