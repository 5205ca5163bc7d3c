"""Periods against periods: how long they overlap, how surely, how far apart they lie, whether a shift makes them fit.

Vectorised over pairs. Moments are microseconds since 1970, UTC; a period holds both its ends.

A plan's window runs from its earliest start to its latest end: within it there may be work. Its *certain core* runs
from the latest start to the earliest end: throughout it there is work, whatever happens within the window. Two windows
that overlap say that the works may meet in time; two cores that overlap, that they will.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

DAY_US = 86_400_000_000

MOST_DAYS = 36_500
"""More than a century says nothing more, and could run over 64 bits."""

UNSURE_DAYS = {"week": 7, "month": 31, "quarter": 92, "year": 366}
"""By how many days a start or end may still move that is known to the week, month, quarter or year only."""

Micros = NDArray[np.int64]


def latest_start_us(starts_us: int, told_us: int | None, precision: str) -> int:
    """Give the moment at which the work has begun for certain: as told, or by the precision of the dates."""
    return starts_us + UNSURE_DAYS.get(precision, 0) * DAY_US if told_us is None else told_us


def earliest_end_us(ends_us: int, told_us: int | None, precision: str) -> int:
    """Give the moment until which the work goes on for certain: as told, or by the precision of the dates."""
    return ends_us - UNSURE_DAYS.get(precision, 0) * DAY_US if told_us is None else told_us


@dataclass(frozen=True, slots=True)
class ToldPeriod:
    """What a plan says of its period; moments in microseconds since 1970, None where it says nothing."""

    starts_us: int
    ends_us: int
    latest_start_us: int | None
    earliest_end_us: int | None
    duration_days: int | None
    start_confirmed: bool
    end_confirmed: bool

    def certain(self) -> tuple[int | None, int | None]:
        """Give the latest start and the earliest end, as far as they follow from what is told; else None.

        A start or end that is told stands. One that is confirmed is exact. Of work that takes less than its window, it
        is known that it begins in time to be ready, and that it goes on for as long after the earliest start.
        """
        latest, earliest = self.latest_start_us, self.earliest_end_us
        length = self.ends_us - self.starts_us
        if self.duration_days is not None:
            length = min(length, min(self.duration_days, MOST_DAYS) * DAY_US)
        if latest is None:
            latest = self.starts_us if self.start_confirmed else self._told(self.ends_us - length)
        if earliest is None:
            earliest = self.ends_us if self.end_confirmed else self._told(self.starts_us + length)
        return latest, earliest

    def _told(self, moment_us: int) -> int | None:
        return None if self.duration_days is None else moment_us


@dataclass(frozen=True, slots=True)
class Windows:
    """The periods of some plans, and how many days each may shift; one element per plan.

    Attributes:
        starts_us: earliest starts.
        latest_start_us: when each has begun for certain.
        earliest_end_us: until when each goes on for certain; before `latest_start_us` where nothing is certain.
        ends_us: latest ends.
        shift_earlier_days: by how many days each can be brought forward.
        shift_later_days: by how many days each can be put off.
    """

    starts_us: Micros
    latest_start_us: Micros
    earliest_end_us: Micros
    ends_us: Micros
    shift_earlier_days: Micros
    shift_later_days: Micros


@dataclass(frozen=True, slots=True)
class TimeFit:
    """How pairs of periods lie to one another; one element per pair.

    Attributes:
        overlap_days: stretches of 24 hours that they share, a begun one included; 0 when they share no moment.
        sure: whether their certain cores share a moment.
        gap_days: stretches of 24 hours between them, a begun one included; 0 when they overlap.
        shift_days: the whole days by which the one shift that helps most brings them nearer; 0 when they overlap.
        shifts_first: whether it is the first plan that shifts.
    """

    overlap_days: Micros
    sure: NDArray[np.bool_]
    gap_days: Micros
    shift_days: Micros
    shifts_first: NDArray[np.bool_]

    @property
    def overlapping(self) -> NDArray[np.bool_]:
        """Tell which pairs share at least a moment."""
        return self.overlap_days > 0

    @property
    def rest_days(self) -> Micros:
        """Give what is left of the gap after the shift."""
        rest: Micros = self.gap_days - self.shift_days
        return rest

    def __getitem__(self, chosen: NDArray[np.int64]) -> TimeFit:
        """Take some of the pairs."""
        return TimeFit(
            self.overlap_days[chosen],
            self.sure[chosen],
            self.gap_days[chosen],
            self.shift_days[chosen],
            self.shifts_first[chosen],
        )


def fit(windows: Windows, first: NDArray[np.int64], second: NDArray[np.int64]) -> TimeFit:
    """Compare the periods of pairs of plans, given by their indexes."""
    shared = np.minimum(windows.ends_us[first], windows.ends_us[second])
    shared -= np.maximum(windows.starts_us[first], windows.starts_us[second])
    overlapping = shared >= 0
    gap_days = np.where(overlapping, 0, -(shared // DAY_US))
    earlier, later = windows.shift_earlier_days, windows.shift_later_days
    first_is_earlier = windows.ends_us[first] < windows.starts_us[second]
    by_first = np.where(first_is_earlier, later[first], earlier[first])
    by_second = np.where(first_is_earlier, earlier[second], later[second])
    core = np.minimum(windows.earliest_end_us[first], windows.earliest_end_us[second])
    core -= np.maximum(windows.latest_start_us[first], windows.latest_start_us[second])
    return TimeFit(
        overlap_days=np.where(overlapping, shared // DAY_US + 1, 0),
        sure=core >= 0,
        gap_days=gap_days,
        shift_days=np.where(overlapping, 0, np.minimum(np.maximum(by_first, by_second), gap_days)),
        shifts_first=by_first >= by_second,
    )
