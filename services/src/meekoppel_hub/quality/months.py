"""Calendar months in UTC: the periods over which quality is told."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from meekoppel_hub.platform.errors import SettingsError

_MONTH = re.compile(r"(?P<year>\d{4})-(?P<month>0[1-9]|1[0-2])")
_LAST_YEAR = 9998


@dataclass(frozen=True, slots=True)
class Month:
    """A calendar month.

    Attributes:
        starts: its first moment.
        ends: the first moment after it.
    """

    starts: datetime
    ends: datetime

    @classmethod
    def of(cls, moment: datetime) -> Month:
        """Give the month in which a moment lies."""
        starts = moment.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        return cls(starts, (starts + timedelta(days=31)).replace(day=1))

    @classmethod
    def parse(cls, text: str) -> Month:
        """Read a month as 2026-10.

        Raises:
            SettingsError: when it is none.
        """
        found = _MONTH.fullmatch(text.strip())
        if found is None or not 1 <= int(found["year"]) <= _LAST_YEAR:
            raise SettingsError(f"{text!r} is no month; write it as 2026-10")
        return cls.of(datetime(int(found["year"]), int(found["month"]), 1, tzinfo=UTC))

    @classmethod
    def last_before(cls, now: datetime) -> Month:
        """Give the last month that is over."""
        return cls.of(cls.of(now).starts - timedelta(days=1))

    def __str__(self) -> str:
        """Write it as 2026-10."""
        return f"{self.starts:%Y-%m}"
