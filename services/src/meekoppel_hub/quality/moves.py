"""How far the dates of a plan moved between two versions, and how late that was said. Pure.

Sources: the terms of notice of procesafspraken and of Street Manager ask for certainty that grows towards the start;
the classes below follow them in rough steps. All durations are in days.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

DAY: Final = timedelta(days=1)
MONTH_DAYS, QUARTER_DAYS, HALF_YEAR_DAYS, YEAR_DAYS = 30, 91, 183, 365

# Finer than this is no move: a time of day that was written in another zone, or rounded otherwise.
_LEAST_DAYS = 1.0
_FINER: Final = ("day", "week", "month", "quarter", "year", "unknown")


class TimeToStart(StrEnum):
    """How long before the start something was said, by the start that was known until then."""

    BEGUN = "begun"
    WITHIN_1_MONTH = "within_1_month"
    WITHIN_3_MONTHS = "within_3_months"
    WITHIN_6_MONTHS = "within_6_months"
    WITHIN_12_MONTHS = "within_12_months"
    BEYOND = "beyond"


_CLASSES: Final = (
    (0, TimeToStart.BEGUN),
    (MONTH_DAYS, TimeToStart.WITHIN_1_MONTH),
    (QUARTER_DAYS, TimeToStart.WITHIN_3_MONTHS),
    (HALF_YEAR_DAYS, TimeToStart.WITHIN_6_MONTHS),
    (YEAR_DAYS, TimeToStart.WITHIN_12_MONTHS),
)

LATE: Final = frozenset({TimeToStart.BEGUN, TimeToStart.WITHIN_1_MONTH})


@dataclass(frozen=True, slots=True)
class Move:
    """What one version did to the dates of its plan.

    Attributes:
        start_days: by how many days the earliest start moved; earlier is negative, 0 when it did not.
        end_days: by how many days the latest end moved, likewise.
        told: how long before the start it was said.
        sharpened: the dates were made more precise within the window that was known: no move.
    """

    start_days: int
    end_days: int
    told: TimeToStart
    sharpened: bool = False

    @property
    def moved(self) -> bool:
        """Whether a start or an end moved."""
        return bool(self.start_days or self.end_days)

    @property
    def farthest_days(self) -> int:
        """The larger of both moves, either way."""
        return max(abs(self.start_days), abs(self.end_days))


def precision_rank(precision: str) -> int:
    """Rank a precision: 0 is a day, the finest; what is not known comes last."""
    return _FINER.index(precision) if precision in _FINER else len(_FINER) - 1


def time_to_start(start: datetime, at: datetime) -> TimeToStart:
    """Tell how long before a start a moment lies."""
    days = (start - at) / DAY
    return next((named for up_to, named in _CLASSES if days <= up_to), TimeToStart.BEYOND)


def move_between(before: dict[str, Any], after: dict[str, Any], recorded_at: datetime) -> Move:
    """Tell how the dates of a plan moved.

    Args:
        before: the plan as plain values.
        after: its next version.
        recorded_at: when that was recorded.
    """
    old, new = before["period"], after["period"]
    told = time_to_start(old["earliest_start"], recorded_at)
    start, end = (_days(old[name], new[name]) for name in ("earliest_start", "latest_end"))
    finer = precision_rank(new["precision"]) < precision_rank(old["precision"])
    if finer and start >= 0 >= end:
        return Move(0, 0, told, sharpened=bool(start or end))
    return Move(start, end, told)


def _days(old: datetime, new: datetime) -> int:
    days = (new - old) / DAY
    return round(days) if abs(days) >= _LEAST_DAYS else 0
