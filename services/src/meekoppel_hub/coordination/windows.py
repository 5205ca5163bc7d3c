"""Periods against periods: how long they overlap, how far apart they lie, and whether a shift makes them fit.

Vectorised over pairs. Moments are microseconds since 1970, UTC; a period holds both its ends.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

DAY_US = 86_400_000_000

Micros = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Windows:
    """The periods of some plans, and how many days each may shift; one element per plan."""

    starts_us: Micros
    ends_us: Micros
    shift_earlier_days: Micros
    shift_later_days: Micros


@dataclass(frozen=True, slots=True)
class TimeFit:
    """How pairs of periods lie to one another; one element per pair.

    Attributes:
        overlap_days: stretches of 24 hours that they share, a begun one included; 0 when they share no moment.
        gap_days: stretches of 24 hours between them, a begun one included; 0 when they overlap.
        shift_days: the whole days by which the one shift that helps most brings them nearer; 0 when they overlap.
        shifts_first: whether it is the first plan that shifts.
    """

    overlap_days: Micros
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
        rest: Micros = np.maximum(self.gap_days - self.shift_days, 0)
        return rest


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
    shifts_first = by_first >= by_second
    return TimeFit(
        overlap_days=np.where(overlapping, shared // DAY_US + 1, 0),
        gap_days=gap_days,
        shift_days=np.where(overlapping, 0, np.minimum(np.maximum(by_first, by_second), gap_days)),
        shifts_first=shifts_first,
    )
