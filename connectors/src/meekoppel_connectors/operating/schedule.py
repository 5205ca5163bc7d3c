"""When a connector runs: every so often, or at the times of a cron expression."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Self
from zoneinfo import ZoneInfo

from croniter import CroniterBadDateError, croniter
from pydantic import AfterValidator, model_validator

from meekoppel_connectors.settings import Section

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_MOST_DIGITS = 8
_INTERVAL = re.compile(rf"(\d{{1,{_MOST_DIGITS}}})\s*([smhd])")
SHORTEST, LONGEST = timedelta(seconds=1), timedelta(days=366)
_SOME_DAY = datetime(2026, 1, 1, tzinfo=UTC)


def interval_of(text: str) -> timedelta:
    """Read `90s`, `15m`, `2h` or `1d`; at most a year.

    Raises:
        ValueError: when it is no such interval, none at all, or longer.
    """
    found = _INTERVAL.fullmatch(text.strip())
    interval = timedelta(**{_UNITS[found[2]]: int(found[1])}) if found else timedelta()
    if not SHORTEST <= interval <= LONGEST:
        raise ValueError(f"{text!r} is not an interval; write it as 90s, 15m, 2h or 1d")
    return interval


def _known_interval(text: str) -> str:
    interval_of(text)
    return text


def _known_cron(text: str) -> str:
    if not croniter.is_valid(text):
        raise ValueError(f"{text!r} is not a cron expression; write it as `30 6 * * 1-5`, for 6:30 on working days")
    try:
        croniter(text, _SOME_DAY).get_next(datetime)
    except CroniterBadDateError:
        raise ValueError(f"{text!r} names no day that ever comes") from None
    return text


class Schedule(Section):
    """When the next run is due. Exactly one of the two is given.

    Attributes:
        every: the time from the beginning of one run to that of the next: `90s`, `15m`, `2h`, `1d`.
        cron: five fields (minute, hour, day, month, day of the week), in the connector's time zone.
    """

    every: Annotated[str, AfterValidator(_known_interval)] | None = None
    cron: Annotated[str, AfterValidator(_known_cron)] | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.every is None) == (self.cron is None):
            raise ValueError("give either every, such as 15m, or cron, such as 30 6 * * 1-5")
        return self

    def next_run(self, started: datetime, now: datetime, zone: ZoneInfo) -> datetime:
        """Say when the next run begins: never before now, so that a long run delays the next and none pile up.

        Args:
            started: when the last run began, aware.
            now: when it ended, aware.
            zone: of the cron expression.
        """
        if self.every is not None:
            return max(started + interval_of(self.every), now)
        following: datetime = croniter(self.cron, now.astimezone(zone)).get_next(datetime)
        return following.astimezone(now.tzinfo)
